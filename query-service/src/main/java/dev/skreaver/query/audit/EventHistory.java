package dev.skreaver.query.audit;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventQueries.After;
import dev.skreaver.api.event.EventQueries.Bounds;
import dev.skreaver.api.event.EventQueries.History;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.personal.PersonalTexts;
import dev.skreaver.query.read.Unavailable;
import dev.skreaver.query.read.Where;
import dev.skreaver.query.tail.EventPages;
import io.r2dbc.spi.Readable;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The events of a tenant or an agent as they may be shown, straight from the event store: no
 * projection is asked.
 */
@Component
public final class EventHistory {
  private static final String BOUNDS =
      """
      SELECT head,
        CASE WHEN head = 0 THEN 0 ELSE (SELECT min(first_position) FROM event_store.partition) END
          AS earliest
      FROM (SELECT coalesce(
        (SELECT position FROM event_store.recorded_event ORDER BY position DESC LIMIT 1), 0) AS head)
        AS last\
      """;

  private static final String ARCHIVED =
      """
      SELECT 1 FROM event_store.tenant t
      JOIN event_store.stream s ON s.tenant_id = t.tenant_id
      JOIN event_store.archived_stream a ON a.stream_id = s.stream_id
      WHERE t.name = :tenant AND s.key = :agent\
      """;

  private static final int OPENED_AT_ONCE = 500;

  private final DatabaseClient eventStore;
  private final EventPages pages;
  private final PersonalTexts texts;

  EventHistory(
      @Qualifier("eventStoreClient") DatabaseClient eventStore,
      EventPages pages,
      PersonalTexts texts) {
    this.eventStore = eventStore;
    this.pages = pages;
    this.texts = texts;
  }

  private record Line(@Nullable RecordedEvent event, Bounds bounds) {}

  public Mono<Bounds> bounds() {
    return eventStore
        .sql(BOUNDS)
        .map(EventHistory::bounds)
        .one()
        .onErrorMap(Unavailable::eventStore);
  }

  /**
   * The next events and the store's head come from one snapshot. Positions become visible in their
   * order, so a page that is not full holds all there is up to that head.
   */
  Mono<History> after(After query) {
    var where =
        new Where()
            .and("position > :after", "after", query.after())
            .and("tenant = :tenant", "tenant", query.tenant().value())
            .and(
                "agent_id = :agent",
                "agent",
                query.agentId() == null ? null : query.agentId().value())
            .with("rows", query.limit());
    return where
        .bind(
            eventStore.sql(
                """
                SELECT event.*, store.earliest, store.head
                FROM (%s) AS store
                LEFT JOIN (SELECT %s FROM event_store.recorded_event WHERE %s
                  ORDER BY position LIMIT :rows) AS event ON true
                ORDER BY event.position
                """
                    .formatted(BOUNDS, EventPages.COLUMNS, where.sql())))
        .map(
            row ->
                new Line(row.get("position") == null ? null : pages.read(row, null), bounds(row)))
        .all()
        .collectList()
        .map(lines -> history(query, lines))
        .flatMap(this::opened)
        .onErrorMap(Unavailable::eventStore);
  }

  /**
   * An agent's events, in order.
   *
   * @param position the last one's position at most; null for no bound
   * @param time only those before the first one that is later; null for no bound
   */
  public Flux<RecordedEvent> of(AgentKey agent, @Nullable Long position, @Nullable Instant time) {
    var where =
        new Where()
            .and("tenant = :tenant", "tenant", agent.tenant().value())
            .and("agent_id = :agent", "agent", agent.id().value());
    String ofAgent = where.sql();
    where
        .and("position <= :position", "position", position)
        .and(
            """
            version < coalesce((SELECT min(version) FROM event_store.recorded_event
              WHERE %s AND time > :time), %d)\
            """
                .formatted(ofAgent, Long.MAX_VALUE),
            "time",
            time);
    return where
        .bind(
            eventStore.sql(
                "SELECT %s FROM event_store.recorded_event WHERE %s ORDER BY version"
                    .formatted(EventPages.COLUMNS, where.sql())))
        .map(row -> pages.read(row, null))
        .all()
        .switchOnFirst(
            (first, events) ->
                first.hasValue() && Objects.requireNonNull(first.get()).version() > 0
                    ? Flux.error(archived(agent))
                    : events)
        .switchIfEmpty(Flux.defer(() -> refusedIfArchived(agent)))
        .buffer(OPENED_AT_ONCE)
        .concatMap(texts::events, 1)
        .concatMapIterable(events -> events)
        .onErrorMap(Unavailable::eventStore);
  }

  private Mono<History> opened(History page) {
    return texts
        .events(page.events())
        .map(events -> new History(events, page.through(), page.earliest(), page.head()));
  }

  private Flux<RecordedEvent> refusedIfArchived(AgentKey agent) {
    return eventStore
        .sql(ARCHIVED)
        .bind("tenant", agent.tenant().value())
        .bind("agent", agent.id().value())
        .map(row -> true)
        .one()
        .flatMapMany(found -> Flux.error(archived(agent)));
  }

  private static Refusal archived(AgentKey agent) {
    return new Refusal(
        ErrorCode.POSITION_NOT_KEPT,
        "The first events of agent '%s' are archived; restore the archive to see its past"
            .formatted(agent.id()),
        Map.of("agent_id", agent.id().value()));
  }

  private static History history(After query, List<Line> lines) {
    Bounds bounds = lines.getFirst().bounds();
    List<RecordedEvent> events = lines.stream().map(Line::event).filter(Objects::nonNull).toList();
    long through =
        events.size() == query.limit()
            ? events.getLast().position()
            : Math.max(bounds.head(), query.after());
    return new History(events, through, bounds.earliest(), bounds.head());
  }

  private static Bounds bounds(Readable row) {
    return new Bounds(
        Objects.requireNonNull(row.get("earliest", Long.class)),
        Objects.requireNonNull(row.get("head", Long.class)));
  }
}
