package dev.skreaver.gateway.websocket;

import dev.skreaver.platform.health.ReadinessCheck;
import dev.skreaver.platform.health.ReadinessStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Announces this gateway's figures and the health of what it needs on the channel {@code metrics},
 * at an interval.
 */
final class Pulse implements SmartLifecycle {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Duration interval;
  private final Notices notices;
  private final WebSocketMetrics metrics;
  private final Subscribers subscribers;
  private final List<ReadinessCheck> checks;
  private volatile @Nullable Disposable running;

  Pulse(SocketServices services, List<ReadinessCheck> checks) {
    this.interval = services.settings().metricsInterval();
    this.notices = services.notices();
    this.metrics = services.metrics();
    this.subscribers = services.subscribers();
    this.checks = List.copyOf(checks);
  }

  @Override
  public void start() {
    running =
        Flux.interval(interval)
            .onBackpressureDrop()
            .filter(tick -> notices.isHeard())
            .concatMap(tick -> health(), 1)
            .subscribe(
                health -> {
                  announce("metrics.update", metrics.snapshot(subscribers.channels()));
                  announce("health.check", health);
                });
  }

  private void announce(String eventType, Map<String, ?> data) {
    notices.announce(Channel.Kind.METRICS, null, eventType, data);
  }

  /** The status of every component, by name. */
  private Mono<Map<String, Object>> health() {
    return Flux.fromIterable(checks)
        .flatMapSequential(
            check ->
                Mono.defer(check::check)
                    .timeout(PATIENCE)
                    .map(finding -> finding.status())
                    .onErrorResume(
                        failure -> Mono.just(ReadinessStatus.unhealthy("the check has failed")))
                    .map(status -> Map.entry(check.name(), status.wire())))
        .collectMap(Map.Entry::getKey, Map.Entry::getValue)
        .map(components -> Map.of("components", components));
  }

  @Override
  public void stop() {
    Disposable pulse = running;
    running = null;
    if (pulse != null) {
      pulse.dispose();
    }
  }

  @Override
  public boolean isRunning() {
    return running != null;
  }
}
