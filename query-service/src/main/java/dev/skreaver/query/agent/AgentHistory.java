package dev.skreaver.query.agent;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.personal.PersonalTexts;
import dev.skreaver.query.read.Unavailable;
import dev.skreaver.query.read.Where;
import dev.skreaver.query.tail.EventPages;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;

/**
 * All that happened to one agent, as it may be shown, straight from the event store. However long
 * that is, it takes one connection of those for the past while it is read.
 */
@Component
final class AgentHistory {
  private static final String ARCHIVED =
      """
      SELECT 1 FROM event_store.tenant t
      JOIN event_store.stream s ON s.tenant_id = t.tenant_id
      JOIN event_store.archived_stream a ON a.stream_id = s.stream_id
      WHERE t.name = :tenant AND s.key = :agent AND NOT EXISTS (
        SELECT FROM event_store.event e WHERE e.stream_id = s.stream_id AND e.version = 0)\
      """;

  private static final int AT_ONCE = 500;

  private final DatabaseClient past;
  private final EventPages pages;
  private final PersonalTexts texts;

  AgentHistory(
      @Qualifier("pastClient") DatabaseClient past, EventPages pages, PersonalTexts texts) {
    this.past = past;
    this.pages = pages;
    this.texts = texts;
  }

  /**
   * Its events, in order.
   *
   * @param position the last one's position at most; null for no bound
   * @param time only those before the first one that is later; null for no bound
   */
  Flux<RecordedEvent> of(AgentKey agent, @Nullable Long position, @Nullable Instant time) {
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
            past.sql(
                "SELECT %s FROM event_store.recorded_event WHERE %s ORDER BY version"
                    .formatted(EventPages.COLUMNS, where.sql())))
        // Without it, who leaves early gives back a connection on which all the rest still comes.
        .filter(statement -> statement.fetchSize(AT_ONCE))
        .map(row -> pages.read(row, null))
        .all()
        .switchOnFirst(
            (first, events) ->
                first.hasValue() && Objects.requireNonNull(first.get()).version() > 0
                    ? Flux.error(archived(agent))
                    : events)
        .switchIfEmpty(Flux.defer(() -> refusedIfArchived(agent)))
        .buffer(AT_ONCE)
        .concatMap(events -> texts.events(events).onErrorMap(Unavailable::eventStore), 1)
        .concatMapIterable(events -> events)
        .onErrorMap(Unavailable::past);
  }

  private Flux<RecordedEvent> refusedIfArchived(AgentKey agent) {
    return past.sql(ARCHIVED)
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
}
