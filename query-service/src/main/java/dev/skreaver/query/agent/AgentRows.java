package dev.skreaver.query.agent;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentQueries.Find;
import dev.skreaver.api.agent.AgentQueries.Sort;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.query.personal.PersonalTexts;
import dev.skreaver.query.read.Unavailable;
import dev.skreaver.query.read.Where;
import io.r2dbc.spi.Readable;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import tools.jackson.core.type.TypeReference;

/** The agents' read model, as queries read it. */
@Component
final class AgentRows {
  private static final TypeReference<Map<String, String>> LABELS = new TypeReference<>() {};
  private static final TypeReference<Map<String, Object>> CONFIG = new TypeReference<>() {};

  private static final String COLUMNS =
      """
      agent_id, created_at, agent_type, limits::text AS limits, owner, status, status_reason, \
      status_since, name, (labels -> tenant)::text AS labels, config::text AS config, \
      last_activity, version\
      """;

  private static final String FIND =
      "SELECT %s FROM read_model.agent WHERE tenant = :tenant AND agent_id = :agent AND NOT deleted"
          .formatted(COLUMNS);

  private final DatabaseClient database;
  private final PersonalTexts texts;

  AgentRows(DatabaseClient readModel, PersonalTexts texts) {
    this.database = readModel;
    this.texts = texts;
  }

  /**
   * @param agents one more than was asked for if there is a next page
   * @param total on all pages
   */
  record Slice(List<AgentView> agents, long total) {}

  private record Line(long total, @Nullable AgentView agent) {}

  Mono<AgentView> find(AgentKey key) {
    return database
        .sql(FIND)
        .bind("tenant", key.tenant().value())
        .bind("agent", key.id().value())
        .map(row -> agent(row, 0))
        .one()
        .onErrorMap(Unavailable::readModel)
        .flatMap(agent -> texts.agent(agent).onErrorMap(Unavailable::eventStore));
  }

  /** One statement, so that the page and the total fit together. */
  Mono<Slice> page(Find query, @Nullable AgentCursor cursor) {
    Where where = filters(query);
    String matching = where.sql();
    List<String> order = order(query.sort());
    if (cursor != null) {
      where.and(
          "(%s) %s (%s)"
              .formatted(
                  String.join(", ", order),
                  query.descending() ? "<" : ">",
                  order.size() == 1 ? ":key" : ":key, :key_agent"),
          "key",
          cursor.comparable(query.sort()));
      if (order.size() > 1) {
        where.with("key_agent", cursor.agentId().value());
      }
    }
    String direction = query.descending() ? " DESC" : "";
    String orderBy =
        order.stream().map(column -> column + direction).collect(Collectors.joining(", "));
    return where
        .with("rows", query.limit() + 1)
        .bind(
            database.sql(
                """
                SELECT total, page.*
                FROM (SELECT count(*) AS total FROM read_model.agent WHERE %2$s) AS all_pages
                LEFT JOIN (SELECT %1$s FROM read_model.agent WHERE %3$s ORDER BY %4$s LIMIT :rows)
                  AS page ON true
                ORDER BY %4$s
                """
                    .formatted(COLUMNS, matching, where.sql(), orderBy)))
        .map(
            row ->
                new Line(required(row, 0, Long.class), row.get(1) == null ? null : agent(row, 1)))
        .all()
        .collectList()
        .map(
            lines ->
                new Slice(
                    lines.stream().map(Line::agent).filter(Objects::nonNull).toList(),
                    lines.getFirst().total()))
        .onErrorMap(Unavailable::readModel)
        .flatMap(this::opened);
  }

  private Mono<Slice> opened(Slice page) {
    return texts
        .agents(page.agents())
        .map(agents -> new Slice(agents, page.total()))
        .onErrorMap(Unavailable::eventStore);
  }

  private static Where filters(Find query) {
    String prefix = query.namePrefix();
    var where =
        new Where()
            .and("tenant = :tenant AND NOT deleted", "tenant", query.tenant().value())
            .and("status = ANY(:statuses)", "statuses", names(query.statuses()))
            .and(
                "agent_type = :type",
                "type",
                query.agentType() == null ? null : query.agentType().wireName())
            .and("labels @> :labels::jsonb", "labels", labels(query))
            .and("created_at >= :created_from", "created_from", query.createdFrom())
            .and("created_at < :created_before", "created_before", query.createdBefore());
    if (prefix != null && !prefix.isEmpty()) {
      // The index finds the prefix as a range; the range without the prefix is empty names too.
      where
          .and("coalesce(name, '') >= :prefix", "prefix", prefix)
          .and("starts_with(name, :prefix)", "prefix", prefix)
          .and("coalesce(name, '') < :prefix_end", "prefix_end", prefixEnd(prefix));
    }
    return where;
  }

  /** What pages are sorted by: the last column makes the order total. */
  private static List<String> order(Sort sort) {
    return switch (sort) {
      case CREATED_AT -> List.of("created_at", "agent_id");
      case LAST_ACTIVITY -> List.of("last_activity", "agent_id");
      // An agent without a name sorts as one with an empty name.
      case NAME -> List.of("coalesce(name, '')", "agent_id");
      case AGENT_ID -> List.of("agent_id");
    };
  }

  private static String @Nullable [] names(List<AgentStatus> statuses) {
    return statuses.isEmpty()
        ? null
        : statuses.stream().map(AgentStatus::wireName).toArray(String[]::new);
  }

  private static @Nullable String labels(Find query) {
    return query.labels().isEmpty()
        ? null
        : WireJson.mapper().writeValueAsString(Map.of(query.tenant().value(), query.labels()));
  }

  /** The first text, by code points, behind all that begin with a prefix; null if there is none. */
  static @Nullable String prefixEnd(String prefix) {
    int[] points = prefix.codePoints().toArray();
    int last = points.length - 1;
    while (last >= 0 && points[last] == Character.MAX_CODE_POINT) {
      last--;
    }
    if (last < 0) {
      return null;
    }
    int next = points[last] + 1;
    points[last] =
        next >= Character.MIN_SURROGATE && next <= Character.MAX_SURROGATE
            ? Character.MAX_SURROGATE + 1
            : next;
    return new String(points, 0, last + 1);
  }

  /**
   * @param first the number of the first of {@link #COLUMNS}; a name would be looked for each time
   */
  private static AgentView agent(Readable row, int first) {
    return new AgentView(
        new AgentId(required(row, first, String.class)),
        AgentType.fromWire(required(row, first + 2, String.class)),
        AgentStatus.fromWire(required(row, first + 5, String.class)),
        row.get(first + 6, String.class),
        required(row, first + 7, Instant.class),
        row.get(first + 8, String.class),
        WireJson.mapper().readValue(required(row, first + 9, String.class), LABELS),
        WireJson.mapper().readValue(required(row, first + 10, String.class), CONFIG),
        WireJson.mapper().readValue(required(row, first + 3, String.class), AgentLimits.class),
        required(row, first + 4, String.class),
        required(row, first + 1, Instant.class),
        required(row, first + 11, Instant.class),
        required(row, first + 12, Long.class),
        false);
  }

  private static <T> T required(Readable row, int column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type), () -> "column " + column + " is null");
  }
}
