package dev.skreaver.command.audit;

import dev.skreaver.api.audit.Verification;
import dev.skreaver.api.audit.Verification.Fault;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies the store all the time, on the instance that seals: each minute what is new, and
 * everything again once a day.
 */
final class AuditWatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AuditWatch.class);
  private static final Duration PERIOD = Duration.ofMinutes(1);
  private static final Duration AGAIN = Duration.ofDays(1);

  private final Sealer sealer;
  private final Auditor auditor;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("audit-watch").factory());

  private volatile Found found = new Found(true, 0);
  private long begun = System.nanoTime();
  private long next = 1;
  private boolean intact = true;
  private String said = "";

  AuditWatch(Sealer sealer, Auditor auditor) {
    this.sealer = sealer;
    this.auditor = auditor;
  }

  AuditWatch started() {
    ScheduledFuture<?> _ =
        clock.scheduleWithFixedDelay(
            this::look, PERIOD.toSeconds(), PERIOD.toSeconds(), TimeUnit.SECONDS);
    return this;
  }

  Found found() {
    return sealer.refused() ? new Found(false, found.position()) : found;
  }

  void look() {
    if (!sealer.status().sealing()) {
      return;
    }
    try {
      if (System.nanoTime() - begun > AGAIN.toNanos()) {
        begun = System.nanoTime();
        next = 1;
        intact = true;
      }
      Verification verification = auditor.verify(next, null);
      Fault fault = verification.fault();
      if (fault == null) {
        next = verification.sealedThrough() + 1;
        found = new Found(intact, verification.to());
      } else {
        intact = false;
        found = new Found(false, fault.position() - 1);
        say(fault);
      }
    } catch (RuntimeException e) {
      log.warn("The event store could not be verified: {}", e.getMessage());
    }
  }

  private void say(Fault fault) {
    String message =
        "The event store is not intact from position %d on: %s, %s"
            .formatted(fault.position(), fault.kind().wireName(), fault.message());
    if (!message.equals(said)) {
      log.error(message);
    }
    said = message;
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }

  /**
   * @param intact whether no fault is known
   * @param position all events up to here were verified last
   */
  record Found(boolean intact, long position) {}
}
