package dev.skreaver.gateway.sse;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.UnknownEventException;
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
    // No merge: what would wait in it could be outdated by an erasure.
    return alive(stream.takeUntilOther(expiry(until, clock)).map(this::tell));
  }

  /** The same of a past that is shown again; it ends by itself. */
  Flux<ServerSentEvent<Object>> replay(Flux<Reel.Frame> frames, Instant until, Clock clock) {
    return alive(frames.takeUntilOther(expiry(until, clock)).map(this::tell));
  }

  private Flux<ServerSentEvent<Object>> alive(Flux<ServerSentEvent<Object>> stream) {
    Flux<ServerSentEvent<Object>> told = stream.onErrorResume(failure -> Mono.just(error(failure)));
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
      case StreamItem.Event(var event, _) -> {
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

  private ServerSentEvent<Object> tell(Reel.Frame frame) {
    return switch (frame) {
      case Reel.Frame.Shown shown -> {
        position = shown.event().position();
        yield ServerSentEvent.<Object>builder(shown)
            .id(String.valueOf(position))
            .event(shown.event().type())
            .build();
      }
      case Reel.Frame.Shortened(Duration due, Duration made) ->
          ServerSentEvent.builder()
              .comment("a pause of %s is shortened to %s".formatted(due, made))
              .build();
      case Reel.Frame.End end -> ServerSentEvent.<Object>builder(end).event("end").build();
    };
  }

  private ServerSentEvent<Object> advanced(long reached, String comment) {
    position = reached;
    return comment(reached, comment);
  }

  private static Mono<Void> expiry(Instant until, Clock clock) {
    Duration left = Duration.between(clock.instant(), until);
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
      case UnknownEventException newer ->
          error(ErrorCode.SERVICE_UNAVAILABLE.wireName(), String.valueOf(newer.getMessage()));
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
