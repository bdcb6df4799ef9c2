package dev.skreaver.platform.health;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * A process that is told to stop says so at {@code /ready} and serves on for a while: whoever sends
 * it requests looks there, and sends them to others from then on. Else they would meet the end of
 * their connection, and a command would be of unknown outcome.
 */
final class Drain {
  private static final Logger LOG = LoggerFactory.getLogger(Drain.class);

  private final Readiness readiness;
  private final Duration time;

  Drain(Readiness readiness, Duration time) {
    this.readiness = readiness;
    this.time = time;
  }

  /** Before anything that this process serves with is stopped. */
  @Order(Ordered.HIGHEST_PRECEDENCE)
  @EventListener(ContextClosedEvent.class)
  void stop() {
    readiness.stopping();
    if (time.isZero()) {
      return;
    }
    LOG.info("Stopping in {} ms: /ready says so, requests are still served", time.toMillis());
    try {
      TimeUnit.MILLISECONDS.sleep(time.toMillis());
    } catch (InterruptedException now) {
      Thread.currentThread().interrupt();
    }
  }
}
