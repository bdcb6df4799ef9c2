package dev.skreaver.query.projection;

import dev.skreaver.platform.health.ReadinessCheck;
import dev.skreaver.query.projection.Registry.Entry;
import java.util.Map;
import reactor.core.publisher.Mono;

/** Whether every projection goes on. */
final class ProjectionReadiness implements ReadinessCheck {
  private final ProjectionEngine engine;
  private final Positions positions;

  ProjectionReadiness(ProjectionEngine engine, Positions positions) {
    this.engine = engine;
    this.positions = positions;
  }

  @Override
  public String name() {
    return "projections";
  }

  @Override
  public Mono<Finding> check() {
    return Mono.fromSupplier(this::look);
  }

  private Finding look() {
    String trouble = engine.trouble();
    if (trouble != null) {
      return Finding.unhealthy(trouble);
    }
    Finding finding = Finding.healthy();
    Map<String, Entry> entries = engine.entries();
    for (Projection<?> projection : engine.projections().values()) {
      Entry entry = entries.get(projection.name());
      if (entry == null) {
        return Finding.unhealthy(
            "version %d of projection %s was dropped while this instance ran; restart the instance, it then builds it anew"
                .formatted(projection.version(), projection.name()));
      }
      Integer live = entry.live();
      if (live == null) {
        return Finding.unhealthy(
            "projection %s is being built for this release, see its progress in the list of projections"
                .formatted(entry.name()));
      }
      String error = ProjectionStatus.error(entry, live);
      if (error != null) {
        return Finding.unhealthy("projection %s is stalled: %s".formatted(entry.name(), error));
      }
      finding = finding.with(entry.name(), positions.serving(entry.name()).position());
    }
    return finding;
  }
}
