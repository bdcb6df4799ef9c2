package dev.skreaver.query.audit;

import dev.skreaver.api.event.EventQueries.After;
import dev.skreaver.api.event.EventQueries.Bounds;
import dev.skreaver.api.event.EventQueries.History;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.personal.PersonalTexts;
import dev.skreaver.query.read.Unavailable;
import dev.skreaver.query.read.Where;
import dev.skreaver.query.tail.EventPages;
import io.r2dbc.spi.Readable;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/**
 * The events of a tenant or an agent as they may be shown, page by page, straight from the event
 * store: no projection is asked.
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

  private Mono<History> opened(History page) {
    return texts
        .events(page.events())
        .map(events -> new History(events, page.through(), page.earliest(), page.head()));
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
