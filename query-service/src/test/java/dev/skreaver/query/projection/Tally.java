package dev.skreaver.query.projection;

import dev.skreaver.api.agent.AgentEvent;
import io.r2dbc.spi.Connection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Counts each agent's events and notices any that is missing, repeated or out of order. Its rows
 * are not guarded by position, so that nothing but the transaction keeps it exact.
 */
final class Tally implements Projection<Tally.Batch> {
  private static final String REASON = "last_reason";
  private static final String NEXT_REASON = "latest_reason";

  static final String TEMPLATE =
      "CREATE TABLE IF NOT EXISTS read_model.tally_template (agent text PRIMARY KEY, events bigint"
          + " NOT NULL, last_version bigint NOT NULL, in_order boolean NOT NULL, last_reason text"
          + " CHECK (last_reason <> 'refused'))";

  /** Of version 2, where a column has another name. */
  static final String NEXT_TEMPLATE =
      TEMPLATE.replace("tally_template", "tally_v2_template").replace("last_reason", NEXT_REASON);

  private static String count(String table) {
    return """
    INSERT INTO %1$s AS t (agent, events, last_version, in_order, last_reason)
    SELECT agent, events, last_version, in_order AND first_version = 0, last_reason
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::boolean[], $6::text[])
      AS n (agent, events, first_version, last_version, in_order, last_reason)
    ON CONFLICT (agent) DO UPDATE SET
      events = t.events + excluded.events, last_version = excluded.last_version,
      in_order = t.in_order AND excluded.last_version = t.last_version + excluded.events,
      last_reason = excluded.last_reason
    """
        .formatted(table);
  }

  /** The reason that the table refuses, also where a batch holds a later one. */
  private static final String REFUSED = "refused";

  private final int version;
  private final int segments;
  private final FailurePolicy policy;

  /** Reasons that {@link #apply} cannot handle, until they are removed. */
  final Set<String> poison = ConcurrentHashMap.newKeySet();

  /** What is sent after the rows and before their commit. */
  volatile Function<Connection, Mono<Void>> afterWrite = connection -> Mono.empty();

  final AtomicInteger writes = new AtomicInteger();

  Tally() {
    this(4, FailurePolicy.DEAD_LETTER);
  }

  Tally(int segments, FailurePolicy policy) {
    this(1, segments, policy);
  }

  Tally(int version, int segments, FailurePolicy policy) {
    this.version = version;
    this.segments = segments;
    this.policy = policy;
  }

  static final class Batch {
    private final Map<String, Count> counts = new LinkedHashMap<>();
  }

  private record Count(long events, long first, long last, boolean inOrder, String reason) {}

  @Override
  public String name() {
    return "tally";
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public List<String> tables() {
    return List.of("tally");
  }

  @Override
  public int segments() {
    return segments;
  }

  @Override
  public FailurePolicy onFailure() {
    return policy;
  }

  @Override
  public Batch newBatch() {
    return new Batch();
  }

  @Override
  public void apply(Batch batch, ProjectedEvent event) {
    String reason =
        event.events().getFirst().event() instanceof AgentEvent.Paused paused
            ? paused.reason()
            : "";
    if (poison.contains(reason)) {
      throw new IllegalArgumentException("cannot handle '" + reason + "'");
    }
    batch.counts.merge(
        event.agent().toString(),
        new Count(1, event.version(), event.version(), true, reason),
        (before, next) ->
            new Count(
                before.events + 1,
                before.first,
                next.last,
                before.inOrder && next.first == before.last + 1,
                before.reason.equals(REFUSED) ? REFUSED : reason));
  }

  @Override
  public Mono<Void> write(Connection connection, Tables tables, Batch batch) {
    List<Map.Entry<String, Count>> rows = List.copyOf(batch.counts.entrySet());
    return Flux.from(
            connection
                .createStatement(
                    count(tables.of("tally")).replace(REASON, version == 1 ? REASON : NEXT_REASON))
                .bind(0, rows.stream().map(Map.Entry::getKey).toArray(String[]::new))
                .bind(1, rows.stream().map(row -> row.getValue().events).toArray(Long[]::new))
                .bind(2, rows.stream().map(row -> row.getValue().first).toArray(Long[]::new))
                .bind(3, rows.stream().map(row -> row.getValue().last).toArray(Long[]::new))
                .bind(4, rows.stream().map(row -> row.getValue().inOrder).toArray(Boolean[]::new))
                .bind(5, rows.stream().map(row -> row.getValue().reason).toArray(String[]::new))
                .execute())
        .flatMap(result -> result.getRowsUpdated())
        .then()
        .and(
            Mono.defer(
                () -> {
                  writes.incrementAndGet();
                  return afterWrite.apply(connection);
                }));
  }
}
