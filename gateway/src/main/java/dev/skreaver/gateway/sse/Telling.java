package dev.skreaver.gateway.sse;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.gateway.stream.SlowConsumer;
import dev.skreaver.gateway.stream.StreamItem;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.codec.ServerSentEvent;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * One stream as its reader is told it. Every event has its position as id; what only advances the
 * position is an id and a comment, which a browser remembers and shows to nobody.
 */
final class Telling {
  private static final Logger LOG = LoggerFactory.getLogger(Telling.class);
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(10);

  private volatile long position;

  Telling(long start) {
    this.position = start;
  }

  Flux<ServerSentEvent<Object>> of(Flux<StreamItem> stream, Instant until, Clock clock) {
    // Told last: an error drops what waits in the merge, which must not count as told.
    Flux<ServerSentEvent<Object>> told =
        stream
            .mergeWith(expiry(Duration.between(clock.instant(), until)))
            .map(this::tell)
            .onErrorResume(failure -> Mono.just(error(failure)));
    Sinks.Empty<Void> over = Sinks.empty();
    Flux<ServerSentEvent<Object>> alive =
        Flux.interval(KEEP_ALIVE)
            .onBackpressureDrop()
            .map(tick -> keepAlive())
            .takeUntilOther(over.asMono());
    return Flux.merge(
        1, told.startWith(comment(position, "open")).doFinally(end -> over.tryEmitEmpty()), alive);
  }

  private ServerSentEvent<Object> tell(StreamItem item) {
    return switch (item) {
      case StreamItem.Event(var event) -> {
        position = event.position();
        yield ServerSentEvent.<Object>builder(event)
            .id(String.valueOf(event.position()))
            .event(event.type())
            .build();
      }
      case StreamItem.Gap(long requested, long earliest) ->
          ServerSentEvent.<Object>builder(Map.of("requested", requested, "earliest", earliest))
              .event("gap")
              .build();
      case StreamItem.CaughtUp(long reached) -> advanced(reached, "caught up");
      case StreamItem.Progress(long reached) -> advanced(reached, "position");
    };
  }

  private ServerSentEvent<Object> advanced(long reached, String comment) {
    position = reached;
    return comment(reached, comment);
  }

  private static Mono<StreamItem> expiry(Duration left) {
    return Mono.delay(left.isNegative() ? Duration.ZERO : left)
        .then(
            Mono.error(
                () ->
                    new Refusal(ErrorCode.INVALID_TOKEN, "The token has expired; get a new one")));
  }

  private ServerSentEvent<Object> error(Throwable failure) {
    return switch (failure) {
      case SlowConsumer slow ->
          error(
              "slow_consumer",
              "The reader did not keep up; reconnect and resume after last_position");
      case Refusal refusal -> error(refusal.code().wireName(), refusal.getMessage());
      default -> {
        LOG.warn("event stream failed after position {}", position, failure);
        yield error(
            ErrorCode.INTERNAL_ERROR.wireName(),
            "Something failed on our side; reconnect and resume after last_position");
      }
    };
  }

  private ServerSentEvent<Object> error(String code, String message) {
    return ServerSentEvent.<Object>builder(
            Map.of("error", code, "message", message, "last_position", position))
        .event("error")
        .build();
  }

  private static ServerSentEvent<Object> comment(long position, String text) {
    return ServerSentEvent.builder().id(String.valueOf(position)).comment(text).build();
  }

  private static ServerSentEvent<Object> keepAlive() {
    return ServerSentEvent.builder().comment("keep-alive").build();
  }
}
