package dev.skreaver.query.audit;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventQueries.Page;
import dev.skreaver.api.event.EventQueries.Search;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.personal.PersonalTexts;
import dev.skreaver.query.read.Unavailable;
import dev.skreaver.query.read.Where;
import dev.skreaver.query.tail.EventPages;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** Finds events by the audit index and reads them from the event store. */
@Component
final class AuditTrail {
  private final DatabaseClient readModel;
  private final EventPages events;
  private final EventFormat format;
  private final PersonalTexts texts;

  AuditTrail(DatabaseClient readModel, EventPages events, EventFormat format, PersonalTexts texts) {
    this.readModel = readModel;
    this.events = events;
    this.format = format;
    this.texts = texts;
  }

  /**
   * @param position that the index has reached: what stands behind is left for later, so that no
   *     page skips what a slower segment brings
   */
  Mono<Page> page(Search query, long position) {
    return actors(query)
        .flatMap(actors -> positions(query, actors, position))
        .flatMap(
            found -> {
              boolean more = found.size() > query.limit();
              List<Long> shown = more ? found.subList(0, query.limit()) : found;
              return recorded(query, shown)
                  .map(page -> new Page(page, more ? shown.getLast() : null, position));
            });
  }

  /** Under which names the index may have the actor: none means any actor. */
  private Mono<List<String>> actors(Search query) {
    String actor = query.actor();
    return actor == null
        ? Mono.just(List.of())
        : texts
            .key(query.tenant(), actor)
            .onErrorMap(Unavailable::eventStore)
            .map(key -> AuditProjection.names(actor, key));
  }

  private Mono<List<Long>> positions(Search query, List<String> actors, long reached) {
    var where =
        new Where()
            .and("tenant = :tenant", "tenant", query.tenant().value())
            .and("position > :after", "after", query.after())
            .and("position <= :reached", "reached", reached)
            .and(
                "agent_id = :agent",
                "agent",
                query.agentId() == null ? null : query.agentId().value())
            .and("type = ANY(:types)", "types", types(query))
            .and(
                "actor = ANY(:actors)",
                "actors",
                actors.isEmpty() ? null : actors.toArray(String[]::new))
            .and(
                "correlation_id = :correlation",
                "correlation",
                AuditProjection.key(query.correlationId()))
            .and("time >= :from", "from", query.from())
            .and("time < :before", "before", query.before())
            .with("rows", query.limit() + 1);
    return where
        .bind(
            readModel.sql(
                "SELECT position FROM read_model.audit_event_v2 WHERE %s ORDER BY position LIMIT :rows"
                    .formatted(where.sql())))
        .map(row -> Objects.requireNonNull(row.get("position", Long.class)))
        .all()
        .collectList()
        .onErrorMap(Unavailable::readModel);
  }

  /** The index holds what was shown when it was built: the name of then. */
  private String @Nullable [] types(Search query) {
    return query.types().isEmpty()
        ? null
        : query.types().stream()
            .flatMap(type -> format.recordedAs(type).stream())
            .distinct()
            .toArray(String[]::new);
  }

  private Mono<List<RecordedEvent>> recorded(Search query, List<Long> positions) {
    if (positions.isEmpty()) {
      return Mono.just(List.of());
    }
    return events
        .kept(positions)
        .flatMap(texts::events)
        .onErrorMap(Unavailable::eventStore)
        .flatMap(
            found ->
                found.size() == positions.size()
                        && found.stream().allMatch(event -> event.tenant().equals(query.tenant()))
                    ? Mono.just(found)
                    : Mono.error(
                        new Refusal(
                            ErrorCode.INTERNAL_ERROR,
                            "The audit index does not belong to this event store; replay the"
                                + " projection 'audit' to build it anew")));
  }
}
