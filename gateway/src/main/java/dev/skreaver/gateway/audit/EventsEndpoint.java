package dev.skreaver.gateway.audit;

import static org.springframework.http.MediaType.APPLICATION_JSON_VALUE;
import static org.springframework.http.MediaType.APPLICATION_NDJSON;
import static org.springframework.http.MediaType.APPLICATION_NDJSON_VALUE;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.gateway.request.Headers;
import dev.skreaver.gateway.request.Read;
import dev.skreaver.gateway.stream.EventStreams;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The audit trail over REST: a page as JSON, or everything that matches as an NDJSON download by
 * {@code Accept: application/x-ndjson}.
 */
@RestController
class EventsEndpoint {
  private static final int DEFAULT_PAGE = 100;
  private static final int DOWNLOAD_PAGE = 1000;

  private final EventQueries queries;
  private final EventStreams streams;

  EventsEndpoint(EventQueries queries, EventStreams streams) {
    this.queries = queries;
    this.streams = streams;
  }

  @GetMapping(path = "/events", produces = APPLICATION_JSON_VALUE)
  Mono<ResponseEntity<EventPage>> events(TrailFilters filters, Read read) {
    return page(filters.agent(), filters.events(), read);
  }

  @GetMapping(path = "/events", produces = APPLICATION_NDJSON_VALUE)
  Mono<ResponseEntity<Flux<RecordedEvent>>> download(TrailFilters filters, Read read) {
    return download(filters.agent(), filters.events(), read, "events");
  }

  @GetMapping(path = "/agents/{id}/events", produces = APPLICATION_JSON_VALUE)
  Mono<ResponseEntity<EventPage>> eventsOfAgent(
      @PathVariable("id") AgentId id, EventFilters filters, Read read) {
    return page(id, filters, read);
  }

  @GetMapping(path = "/agents/{id}/events", produces = APPLICATION_NDJSON_VALUE)
  Mono<ResponseEntity<Flux<RecordedEvent>>> downloadOfAgent(
      @PathVariable("id") AgentId id, EventFilters filters, Read read) {
    return download(id, filters, read, id + "-events");
  }

  private Mono<ResponseEntity<EventPage>> page(
      @Nullable AgentId agent, EventFilters filters, Read read) {
    int limit = filters.limit() == null ? DEFAULT_PAGE : filters.limit();
    return queries.search(filters.search(agent, read, limit)).map(EventsEndpoint::answer);
  }

  private static ResponseEntity<EventPage> answer(EventQueries.Page page) {
    return ResponseEntity.ok()
        .header(Headers.POSITION, String.valueOf(page.position()))
        .body(new EventPage(page.events(), page.next()));
  }

  /** The first page is read before the answer begins, so that a refusal still has its status. */
  private Mono<ResponseEntity<Flux<RecordedEvent>>> download(
      @Nullable AgentId agent, EventFilters filters, Read read, String name) {
    var first = filters.search(agent, read, DOWNLOAD_PAGE);
    var download = Download.of(streams, queries, first);
    long limit = filters.limit() == null ? Long.MAX_VALUE : filters.limit();
    return queries
        .search(first)
        .map(
            page ->
                ResponseEntity.ok()
                    .contentType(APPLICATION_NDJSON)
                    .header(Headers.POSITION, String.valueOf(page.position()))
                    .header(
                        HttpHeaders.CONTENT_DISPOSITION,
                        "attachment; filename=\"%s.ndjson\"".formatted(name))
                    .body(download.from(page).take(limit)));
  }
}
