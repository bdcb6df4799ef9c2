package dev.skreaver.query.projection;

import dev.skreaver.api.projection.ProjectionAdmin;
import dev.skreaver.query.postgres.Session;
import dev.skreaver.query.projection.Registry.Entry;
import dev.skreaver.query.projection.Registry.Token;
import dev.skreaver.query.tail.EventTail;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Every projection as an operator sees it. */
final class ProjectionStatus {
  static final String LIVE = "live";
  static final String STALLED = "stalled";
  static final String BUILDING = "building";

  private final ProjectionEngine engine;
  private final Registry registry;
  private final Positions positions;
  private final EventTail tail;
  private final ConnectionFactory readModel;

  ProjectionStatus(
      ProjectionEngine engine,
      Registry registry,
      Positions positions,
      EventTail tail,
      ConnectionFactory readModel) {
    this.engine = engine;
    this.registry = registry;
    this.positions = positions;
    this.tail = tail;
    this.readModel = readModel;
  }

  /** By name. Waits for the database. */
  List<ProjectionAdmin.Projection> read() {
    Map<Generation, Long> letters = letters();
    return registry.read(engine.projections().values()).values().stream()
        .filter(entry -> engine.projections().containsKey(entry.name()))
        .sorted((a, b) -> a.name().compareTo(b.name()))
        .map(entry -> view(entry, letters))
        .toList();
  }

  /** What keeps a projection from going on, as of the last look at the registry. */
  static @Nullable String error(Entry entry, int generation) {
    return entry.tokens(generation).stream()
        .map(Token::error)
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  private ProjectionAdmin.Projection view(Entry entry, Map<Generation, Long> letters) {
    Integer live = entry.live();
    Integer shown = Objects.requireNonNull(live == null ? entry.building() : live);
    long position = positions.serving(entry.name()).position();
    long head = Math.max(tail.head(), position);
    String error = error(entry, shown);
    Integer building = entry.building();
    return new ProjectionAdmin.Projection(
        entry.name(),
        entry.version(),
        shown,
        error != null ? STALLED : live == null ? BUILDING : LIVE,
        position,
        head,
        head - position,
        entry.tokens(shown).size(),
        letters.getOrDefault(new Generation(entry.name(), shown), 0L)
            + (building == null || building.equals(shown)
                ? 0
                : letters.getOrDefault(new Generation(entry.name(), building), 0L)),
        error != null || building == null ? error : error(entry, building),
        building == null ? null : replay(entry, building, head));
  }

  private ProjectionAdmin.Replay replay(Entry entry, int building, long head) {
    var generation = new Generation(entry.name(), building);
    Progress progress = positions.find(generation);
    long position =
        progress != null
            ? progress.position()
            : entry.tokens(building).stream().mapToLong(Token::position).min().orElse(0);
    double rate = engine.eventsPerSecond(generation);
    long left = Math.max(0, head - position);
    return new ProjectionAdmin.Replay(
        building,
        position,
        head == 0 ? 1 : Math.min(1, (double) position / head),
        rate,
        entry.pace().paused(),
        entry.pace().eventsPerSecond(),
        rate > 0 && !entry.pace().paused() ? Long.valueOf((long) Math.ceil(left / rate)) : null,
        Objects.requireNonNullElse(entry.buildingSince(), Instant.EPOCH));
  }

  private Map<Generation, Long> letters() {
    record Count(Generation generation, long letters) {}
    return Session.inTransaction(
            readModel,
            session ->
                session.rows(
                    "SELECT projection, generation, count(*) FROM read_model.dead_letter GROUP BY"
                        + " 1, 2",
                    row ->
                        new Count(
                            new Generation(
                                Objects.requireNonNull(row.get(0, String.class)),
                                Objects.requireNonNull(row.get(1, Integer.class))),
                            Objects.requireNonNull(row.get(2, Long.class)))))
        .stream()
        .collect(Collectors.toMap(Count::generation, Count::letters));
  }
}
