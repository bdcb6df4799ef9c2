package dev.skreaver.gateway.sse;

import static org.springframework.http.MediaType.TEXT_EVENT_STREAM_VALUE;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.gateway.request.Read;
import dev.skreaver.gateway.stream.EventStreams;
import java.time.Clock;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.http.ResponseEntity;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The events of the tenant, or of one agent, as a stream. An agent's stream needs no agent: it may
 * be opened before the agent is created.
 */
@RestController
class StreamsEndpoint {
  private static final String LAST_EVENT_ID = "Last-Event-ID";
  private static final Pattern POSITION = Pattern.compile("[0-9]{1,18}");

  private final EventStreams streams;
  private final EventQueries queries;
  private final Clock clock;
  private final Sinks.Empty<Void> closing = Sinks.empty();

  StreamsEndpoint(EventStreams streams, EventQueries queries, Clock clock) {
    this.streams = streams;
    this.queries = queries;
    this.clock = clock;
    // Its first use reads jars, which must not happen on an event loop.
    EventFormat.instance();
  }

  /** A stream has no end of its own: the server would wait for it as long as it may. */
  @EventListener(ContextClosedEvent.class)
  void close() {
    closing.tryEmitEmpty();
  }

  @GetMapping(path = "/events/stream", produces = TEXT_EVENT_STREAM_VALUE)
  Mono<ResponseEntity<Flux<ServerSentEvent<Object>>>> events(
      From from,
      @RequestHeader(name = LAST_EVENT_ID, required = false) @Nullable String lastEventId,
      Read read) {
    return open(null, from, lastEventId, read);
  }

  @GetMapping(path = "/agents/{id}/stream", produces = TEXT_EVENT_STREAM_VALUE)
  Mono<ResponseEntity<Flux<ServerSentEvent<Object>>>> eventsOfAgent(
      @PathVariable("id") AgentId id,
      From from,
      @RequestHeader(name = LAST_EVENT_ID, required = false) @Nullable String lastEventId,
      Read read) {
    return open(id, from, lastEventId, read);
  }

  /**
   * An agent's past, shown again with its pauses. Whether there is any is known before the answer
   * begins.
   */
  @GetMapping(path = "/agents/{id}/replay/stream", produces = TEXT_EVENT_STREAM_VALUE)
  Mono<ResponseEntity<Flux<ServerSentEvent<Object>>>> replay(
      @PathVariable("id") AgentId id,
      Replay replay,
      @RequestHeader(name = LAST_EVENT_ID, required = false) @Nullable String lastEventId,
      Read read) {
    Long resumed = position(new From(null), lastEventId);
    return queries
        .bounds()
        .map(
            bounds -> {
              requireReached(resumed, lastEventId, bounds.head());
              return replay.reel(bounds.head(), resumed);
            })
        .flatMap(
            reel ->
                queries
                    .history(new EventQueries.After(read.identity().tenant(), id, 0, 1))
                    .filter(first -> !first.events().isEmpty())
                    .switchIfEmpty(Mono.error(() -> noPast(id)))
                    .thenReturn(reel))
        .map(reel -> answer(shown(reel, id, read)));
  }

  private Flux<ServerSentEvent<Object>> shown(Reel reel, AgentId id, Read read) {
    TenantId tenant = read.identity().tenant();
    Flux<Reel.Frame> frames =
        reel.show(
            streams.history(tenant, id, reel.through()), shown -> streams.unerased(tenant, shown));
    return new Telling(reel.resumed()).replay(frames, read.identity().expiresAt(), clock);
  }

  private static Refusal noPast(AgentId id) {
    return new Refusal(
        ErrorCode.AGENT_NOT_FOUND,
        "Agent not found: %s (nothing ever happened to it)".formatted(id),
        Map.of("agent_id", id.value()));
  }

  /** The position is checked before the answer begins, so that a refusal still has its status. */
  private Mono<ResponseEntity<Flux<ServerSentEvent<Object>>>> open(
      @Nullable AgentId agent, From from, @Nullable String lastEventId, Read read) {
    Long after = position(from, lastEventId);
    return queries
        .bounds()
        .map(
            bounds -> {
              requireReached(after, lastEventId, bounds.head());
              long start = after == null ? bounds.head() : after;
              var stream = streams.open(read.identity().tenant(), agent, start);
              return answer(new Telling(start).of(stream, read.identity().expiresAt(), clock));
            });
  }

  private ResponseEntity<Flux<ServerSentEvent<Object>>> answer(Flux<ServerSentEvent<Object>> told) {
    return ResponseEntity.ok()
        .header("Cache-Control", "no-store")
        .header("X-Accel-Buffering", "no")
        .body(told.takeUntilOther(closing.asMono()));
  }

  private static void requireReached(
      @Nullable Long position, @Nullable String lastEventId, long head) {
    if (position != null && position > head) {
      throw Refusal.invalidField(
          given(lastEventId) ? LAST_EVENT_ID : "after",
          "has not been reached, the last position is " + head);
    }
  }

  private static boolean given(@Nullable String lastEventId) {
    return lastEventId != null && !lastEventId.isEmpty();
  }

  private static @Nullable Long position(From from, @Nullable String lastEventId) {
    if (lastEventId == null || lastEventId.isEmpty()) {
      Long after = from.after();
      if (after != null && after < 0) {
        throw Refusal.invalidField("after", "must be a position, 0 or more");
      }
      return after;
    }
    if (!POSITION.matcher(lastEventId).matches()) {
      throw Refusal.invalidField(LAST_EVENT_ID, "must be the id of an event of this stream");
    }
    return Long.valueOf(lastEventId);
  }
}
