package dev.skreaver.query.agent;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.query.agent.AgentChange.Details;
import dev.skreaver.query.agent.AgentChange.Origin;
import dev.skreaver.query.agent.AgentChange.Spec;
import dev.skreaver.query.agent.AgentChange.Standing;
import dev.skreaver.query.projection.FailurePolicy;
import dev.skreaver.query.projection.ProjectedEvent;
import dev.skreaver.query.projection.Projection;
import dev.skreaver.query.projection.Tables;
import io.r2dbc.spi.Connection;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The agents as they are: one row each, from which {@code get} and {@code list} are answered. */
@Component
public class AgentProjection implements Projection<Map<AgentKey, AgentChange>> {
  static final String NAME = "agent";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public List<String> tables() {
    return List.of("agent");
  }

  @Override
  public int segments() {
    return 4;
  }

  @Override
  public FailurePolicy onFailure() {
    return FailurePolicy.DEAD_LETTER;
  }

  @Override
  public Map<AgentKey, AgentChange> newBatch() {
    return new LinkedHashMap<>();
  }

  @Override
  public void apply(Map<AgentKey, AgentChange> batch, ProjectedEvent event) {
    if (event.events().stream().allMatch(current -> current.type().isOfAgent())) {
      batch.merge(event.agent(), AgentChange.by(event), AgentChange::then);
    }
  }

  @Override
  public Mono<Void> write(Connection connection, Tables tables, Map<AgentKey, AgentChange> batch) {
    if (batch.isEmpty()) {
      return Mono.empty();
    }
    var rows = batch.values();
    var statement =
        connection
            .createStatement(upsert(tables.of("agent")))
            .bind(0, column(rows, String[]::new, row -> row.agent().tenant().value()))
            .bind(1, column(rows, String[]::new, row -> row.agent().id().value()))
            .bind(2, column(rows, Instant[]::new, origin(Origin::createdAt)))
            .bind(3, column(rows, String[]::new, spec(spec -> spec.type().wireName())))
            .bind(4, column(rows, String[]::new, spec(spec -> json(spec.limits()))))
            .bind(5, column(rows, String[]::new, spec(spec -> storable(spec.owner()))))
            .bind(6, column(rows, String[]::new, standing(to -> to.status().wireName())))
            .bind(7, column(rows, String[]::new, standing(to -> storable(to.reason()))))
            .bind(8, column(rows, Instant[]::new, standing(Standing::since)))
            .bind(9, column(rows, String[]::new, details(to -> storable(to.name()))))
            .bind(10, column(rows, String[]::new, AgentProjection::labels))
            .bind(11, column(rows, String[]::new, details(to -> json(to.config()))))
            .bind(12, column(rows, Boolean[]::new, AgentChange::deleted))
            .bind(13, column(rows, Instant[]::new, AgentChange::lastActivity))
            .bind(14, column(rows, Long[]::new, AgentChange::version));
    return Flux.from(statement.execute()).flatMap(result -> result.getRowsUpdated()).then();
  }

  /**
   * An upsert finds its rows by the primary key whatever the planner thinks of the table, which
   * during a replay grows from nothing to everything. A row without a beginning is refused.
   */
  private static String upsert(String table) {
    return """
    WITH written AS (
      INSERT INTO %s AS agent (tenant, agent_id, created_at, agent_type, limits, owner,
        status, status_reason, status_since, name, labels, config, deleted, last_activity, version)
      SELECT tenant, agent_id, created_at, agent_type, limits::json, owner,
        status, status_reason, status_since, name, labels::jsonb, config::json, deleted,
        last_activity, version
      FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
          $7::text[], $8::text[], $9::timestamptz[], $10::text[], $11::text[], $12::text[],
          $13::boolean[], $14::timestamptz[], $15::bigint[])
        AS change (tenant, agent_id, created_at, agent_type, limits, owner,
          status, status_reason, status_since, name, labels, config, deleted, last_activity,
          version)
      ON CONFLICT (tenant, agent_id) DO UPDATE SET
        status = coalesce(excluded.status, agent.status),
        status_reason = CASE WHEN excluded.status IS NULL
          THEN agent.status_reason ELSE excluded.status_reason END,
        status_since = coalesce(excluded.status_since, agent.status_since),
        name = CASE WHEN excluded.labels IS NULL THEN agent.name ELSE excluded.name END,
        labels = coalesce(excluded.labels, agent.labels),
        config = coalesce(excluded.config, agent.config),
        deleted = agent.deleted OR excluded.deleted,
        last_activity = excluded.last_activity,
        version = excluded.version
      WHERE agent.version < excluded.version
      RETURNING tenant, agent_id, created_at)
    SELECT read_model.refuse('the history of ' || tenant || '/' || agent_id || ' has no beginning')
    FROM written WHERE created_at IS NULL
    """
        .formatted(table);
  }

  private static <T> T[] column(
      Collection<AgentChange> rows,
      IntFunction<T[]> array,
      Function<AgentChange, ? extends @Nullable T> value) {
    return rows.stream().map(value).toArray(array);
  }

  private static <T> Function<AgentChange, @Nullable T> origin(
      Function<Origin, ? extends @Nullable T> value) {
    return row -> row.origin() == null ? null : value.apply(row.origin());
  }

  private static <T> Function<AgentChange, @Nullable T> spec(
      Function<Spec, ? extends @Nullable T> value) {
    return row ->
        row.origin() == null || row.origin().spec() == null
            ? null
            : value.apply(row.origin().spec());
  }

  private static <T> Function<AgentChange, @Nullable T> standing(
      Function<Standing, ? extends @Nullable T> value) {
    return row -> row.standing() == null ? null : value.apply(row.standing());
  }

  private static <T> Function<AgentChange, @Nullable T> details(
      Function<Details, ? extends @Nullable T> value) {
    return row -> row.details() == null ? null : value.apply(row.details());
  }

  /** Under the tenant, so that one index finds a label within a tenant. */
  private static @Nullable String labels(AgentChange row) {
    if (row.details() == null) {
      return null;
    }
    var labels = new LinkedHashMap<String, @Nullable String>();
    row.details().labels().forEach((key, value) -> labels.put(storable(key), storable(value)));
    return json(Map.of(row.agent().tenant().value(), labels));
  }

  private static String json(Object value) {
    return WireJson.mapper().writeValueAsString(value);
  }

  /** PostgreSQL's text cannot hold U+0000, which is no reason to stop the read model. */
  private static @Nullable String storable(@Nullable String text) {
    return text == null ? null : text.replace('\0', '\uFFFD');
  }
}
