package dev.skreaver.query.projection;

import dev.skreaver.query.tail.EventTail;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Set;

/** Where each projection is, and how many events it is behind the event store. */
final class ProjectionMetrics implements MeterBinder {
  private final Set<String> projections;
  private final Positions positions;
  private final EventTail tail;

  ProjectionMetrics(Set<String> projections, Positions positions, EventTail tail) {
    this.projections = projections;
    this.positions = positions;
    this.tail = tail;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    for (String projection : projections) {
      ServingPosition serving = positions.serving(projection);
      Gauge.builder("skreaver.projection.position", serving, ServingPosition::position)
          .description("The last position that the read model holds")
          .tag("projection", projection)
          .register(registry);
      Gauge.builder(
              "skreaver.projection.lag", serving, now -> Math.max(0, tail.head() - now.position()))
          .description("How many events the read model is behind the event store")
          .tag("projection", projection)
          .register(registry);
    }
  }
}
