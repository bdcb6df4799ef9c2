package dev.skreaver.query.projection;

import dev.skreaver.query.projection.Registry.Entry;
import dev.skreaver.query.tail.EventTail;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * Where each projection is, and how many events it is behind the event store; no number while that
 * is not known, so that a lost connection is not taken for a read model that has all to do again.
 */
final class ProjectionMetrics implements MeterBinder {
  private final ProjectionEngine engine;
  private final Positions positions;
  private final EventTail tail;

  ProjectionMetrics(ProjectionEngine engine, Positions positions, EventTail tail) {
    this.engine = engine;
    this.positions = positions;
    this.tail = tail;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    for (String projection : engine.projections().keySet()) {
      ServingPosition serving = positions.serving(projection);
      Gauge.builder("skreaver.projection.position", serving, ProjectionMetrics::position)
          .description("The last position that the read model holds")
          .tag("projection", projection)
          .register(registry);
      Gauge.builder(
              "skreaver.projection.lag", serving, now -> Math.max(0, tail.head() - position(now)))
          .description("How many events the read model is behind the event store")
          .tag("projection", projection)
          .register(registry);
      Gauge.builder("skreaver.projection.stalled", () -> stalled(projection) ? 1 : 0)
          .description("1 while an event keeps the read model from going on")
          .tag("projection", projection)
          .register(registry);
    }
  }

  private static double position(ServingPosition serving) {
    Long known = serving.knownPosition();
    return known == null ? Double.NaN : known;
  }

  private boolean stalled(String projection) {
    Entry entry = engine.entries().get(projection);
    if (entry == null) {
      return false;
    }
    Integer generation = entry.live() == null ? entry.building() : entry.live();
    return generation != null && ProjectionStatus.error(entry, generation) != null;
  }
}
