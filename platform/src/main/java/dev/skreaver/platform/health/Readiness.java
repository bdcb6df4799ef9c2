package dev.skreaver.platform.health;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Asks every {@link ReadinessCheck}, all at once, and sums up what they found. */
final class Readiness {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  /** Anyone may ask: many who do so cost the database one question a second. */
  private static final Duration MEMORY = Duration.ofSeconds(1);

  private final List<ReadinessCheck> checks;
  private final Clock clock;
  private final Instant startedAt;
  private final Mono<Report> report;
  private volatile boolean stopping;

  Readiness(List<ReadinessCheck> checks, Clock clock, Instant startedAt) {
    this.checks = List.copyOf(checks);
    this.clock = clock;
    this.startedAt = startedAt;
    this.report = Mono.defer(this::ask).cache(MEMORY);
  }

  /**
   * The answer of {@code GET /ready} (wire contract §1.5).
   *
   * @param components by name
   */
  record Report(
      ReadinessStatus status,
      SequencedMap<String, Component> components,
      Instant timestamp,
      long uptimeSeconds) {
    private Report stopping() {
      return new Report(
          ReadinessStatus.unhealthy("it is being stopped"), components, timestamp, uptimeSeconds);
    }
  }

  record Component(
      String name,
      ReadinessStatus status,
      Instant lastCheck,
      long responseTimeMs,
      Map<String, String> metadata) {}

  Mono<Report> report() {
    return report.map(found -> stopping ? found.stopping() : found);
  }

  /** From now on this process is not ready, whatever its checks find. */
  void stopping() {
    stopping = true;
  }

  private Mono<Report> ask() {
    return Flux.fromIterable(checks)
        .flatMapSequential(this::ask, Math.max(1, checks.size()))
        .collect(
            Collectors.toMap(
                Component::name, component -> component, (a, b) -> b, LinkedHashMap::new))
        .map(
            components -> {
              Instant now = clock.instant();
              return new Report(
                  sum(components), components, now, Duration.between(startedAt, now).toSeconds());
            });
  }

  private Mono<Component> ask(ReadinessCheck check) {
    long start = System.nanoTime();
    return Mono.defer(check::check)
        .timeout(PATIENCE)
        .switchIfEmpty(Mono.just(ReadinessCheck.Finding.unhealthy("the check came to no finding")))
        .onErrorResume(
            failure ->
                Mono.just(
                    ReadinessCheck.Finding.unhealthy(
                        failure instanceof TimeoutException
                            ? "no answer within %d s".formatted(PATIENCE.toSeconds())
                            : String.valueOf(failure.getMessage()))))
        .map(
            finding ->
                new Component(
                    check.name(),
                    finding.status(),
                    clock.instant(),
                    Duration.ofNanos(System.nanoTime() - start).toMillis(),
                    finding.metadata()));
  }

  private static ReadinessStatus sum(Map<String, Component> components) {
    String unhealthy = reasons(components, ReadinessStatus.Unhealthy.class::isInstance);
    if (!unhealthy.isEmpty()) {
      return ReadinessStatus.unhealthy(unhealthy);
    }
    String degraded = reasons(components, ReadinessStatus.Degraded.class::isInstance);
    return degraded.isEmpty() ? ReadinessStatus.healthy() : ReadinessStatus.degraded(degraded);
  }

  private static String reasons(
      Map<String, Component> components, Predicate<ReadinessStatus> affected) {
    return components.values().stream()
        .filter(component -> affected.test(component.status()))
        .map(component -> component.name() + ": " + component.status().reason())
        .collect(Collectors.joining(", "));
  }
}
