package dev.skreaver.gateway.audit;

import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** All events that match a search. A page is asked for when the client has taken the one before. */
record Download(EventQueries queries, EventQueries.Search search) {

  Flux<RecordedEvent> from(EventQueries.Page first) {
    return Mono.just(first).expand(this::next).flatMapIterable(EventQueries.Page::events, 1);
  }

  private Mono<EventQueries.Page> next(EventQueries.Page page) {
    Long after = page.next();
    return after == null ? Mono.empty() : queries.search(after(after));
  }

  private EventQueries.Search after(long position) {
    return new EventQueries.Search(
        search.tenant(),
        search.agentId(),
        search.types(),
        search.actor(),
        search.correlationId(),
        search.from(),
        search.before(),
        position,
        search.limit(),
        search.minPosition());
  }
}
