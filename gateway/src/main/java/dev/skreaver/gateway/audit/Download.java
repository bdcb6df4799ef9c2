package dev.skreaver.gateway.audit;

import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.gateway.stream.EventStreams;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * All events that match a search. A page is asked for when the client has taken the one before, and
 * again when an erasure has passed while the client took its time.
 *
 * @param erasures how many had passed in the tenant when the first page was asked for
 */
record Download(
    EventStreams streams, EventQueries queries, EventQueries.Search search, long erasures) {

  /** To be had before the first page is asked for. */
  static Download of(EventStreams streams, EventQueries queries, EventQueries.Search search) {
    return new Download(streams, queries, search, streams.erasures(search.tenant()));
  }

  Flux<RecordedEvent> from(EventQueries.Page first) {
    return Flux.defer(
        () -> {
          var reached = new AtomicLong(search.after());
          Flux<RecordedEvent> events =
              Flux.defer(
                  () ->
                      start(first, reached.get())
                          .expand(this::next)
                          .flatMapIterable(EventQueries.Page::events, 1));
          return streams
              .unerased(search.tenant(), events)
              .doOnNext(event -> reached.set(event.position()));
        });
  }

  private Mono<EventQueries.Page> start(EventQueries.Page first, long reached) {
    boolean outdated = streams.erasures(search.tenant()) != erasures;
    return outdated ? queries.search(after(reached)) : Mono.just(first);
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
