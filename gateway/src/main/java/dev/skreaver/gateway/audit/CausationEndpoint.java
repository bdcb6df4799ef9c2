package dev.skreaver.gateway.audit;

import static org.springframework.http.MediaType.APPLICATION_JSON_VALUE;

import dev.skreaver.api.event.CausationQueries;
import dev.skreaver.gateway.request.Headers;
import dev.skreaver.gateway.request.Read;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** Causes and effects of an event over REST. */
@RestController
@RequestMapping(path = "/events/{id}", produces = APPLICATION_JSON_VALUE)
class CausationEndpoint {
  private final CausationQueries queries;

  CausationEndpoint(CausationQueries queries) {
    this.queries = queries;
  }

  @GetMapping("/causes")
  Mono<ResponseEntity<Causes>> causes(
      @PathVariable("id") EventReference event, TraceFilters filters, Read read) {
    return queries
        .causes(filters.from(event, read))
        .map(
            trace ->
                answer(
                    new Causes(trace.event(), trace.steps(), trace.truncated()), trace.position()));
  }

  @GetMapping("/effects")
  Mono<ResponseEntity<Effects>> effects(
      @PathVariable("id") EventReference event, TraceFilters filters, Read read) {
    return queries
        .effects(filters.from(event, read))
        .map(
            trace ->
                answer(
                    new Effects(trace.event(), trace.steps(), trace.truncated()),
                    trace.position()));
  }

  private static <T> ResponseEntity<T> answer(T body, long position) {
    return ResponseEntity.ok().header(Headers.POSITION, String.valueOf(position)).body(body);
  }
}
