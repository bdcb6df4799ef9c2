package dev.skreaver.query.agent;

import dev.skreaver.api.agent.AgentQueries.Moment;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventQueries.Bounds;
import dev.skreaver.api.event.PastAgent;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.event.UnknownEventException;
import dev.skreaver.query.audit.EventHistory;
import dev.skreaver.query.read.QueryInput;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** Which moments can be asked about, and what cannot be said about them. */
@Component
final class Moments {
  private final EventHistory history;
  private final EventFormat format;

  Moments(EventHistory history, EventFormat format) {
    this.history = history;
    this.format = format;
  }

  /** The agent after one more of its events. */
  PastAgent after(PastAgent past, RecordedEvent event) {
    return past.then(event, format);
  }

  /** The first and the last position that there is. */
  Mono<Bounds> bounds() {
    return history.bounds();
  }

  /**
   * The store's bounds, if the moment lies within them: what a position will have shown is not
   * known before it is there. A time may lie ahead; it stands for all that there is.
   */
  Mono<Bounds> within(String field, Moment moment) {
    return Mono.defer(
            () -> {
              if ((moment.position() == null) == (moment.time() == null)) {
                throw Refusal.invalidField(field, "give either a position or a time");
              }
              QueryInput.time(field, moment.time());
              QueryInput.position(field, moment.position());
              return bounds();
            })
        .doOnNext(bounds -> checkReached(field, moment.position(), bounds.head()));
  }

  private static void checkReached(String field, @Nullable Long position, long head) {
    if (position != null && position > head) {
      throw Refusal.invalidField(field, "the last position is %d".formatted(head));
    }
  }

  /** The same agent, unless erased content hides how it was. */
  static PastAgent known(PastAgent past) {
    if (past.erased() != null) {
      throw new Refusal(
          ErrorCode.POSITION_NOT_KEPT,
          "The agent as it was then cannot be shown: the content of its event at position %d was erased"
              .formatted(past.erased()),
          Map.of("position", past.erased()));
    }
    return past;
  }

  static Throwable unreadable(Throwable failure) {
    return failure instanceof UnknownEventException newer
        ? new Refusal(
            ErrorCode.SERVICE_UNAVAILABLE,
            "The past cannot be shown by this release: " + newer.getMessage())
        : failure;
  }
}
