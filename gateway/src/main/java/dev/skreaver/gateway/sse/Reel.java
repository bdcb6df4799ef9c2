package dev.skreaver.gateway.sse;

import dev.skreaver.api.agent.AgentQueries.Moment;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.PastAgent;
import dev.skreaver.api.event.RecordedEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The past of one agent as it is shown again: its events with their pauses, each with the agent as
 * it was after it.
 *
 * @param from what it begins after
 * @param to what it ends with
 * @param resumed the last position that was shown before, 0 for none
 * @param head the store's last position when it began; nothing later is part of it
 */
record Reel(Speed speed, Moment from, Moment to, long resumed, long head) {

  /** What a reel shows, one after the other. */
  sealed interface Frame {
    /**
     * @param agent absent where it was deleted by this event, or cannot be known
     * @param erased the position of the event whose content is gone, without which it cannot be
     *     known; absent where it can be
     */
    record Shown(RecordedEvent event, @Nullable AgentView agent, @Nullable Long erased)
        implements Frame {}

    /** Comes before a pause that is not made in full. */
    record Shortened(Duration due, Duration made) implements Frame {}

    /**
     * Comes last.
     *
     * @param events how many were shown
     */
    record End(long position, long events) implements Frame {}
  }

  /** No event behind this position is part of it. */
  long through() {
    return to.position() == null ? head : Math.min(head, to.position());
  }

  /**
   * @param history all events of the agent, in order
   * @param unerased subscribes again when a frame must not be shown any more; it is applied behind
   *     the pauses, because each frame, and all that its agent was folded from, waits for them
   */
  Flux<Frame> show(Flux<RecordedEvent> history, UnaryOperator<Flux<Frame>> unerased) {
    return Flux.defer(
        () -> {
          var projector = new Projector();
          Flux<Frame> frames =
              Flux.defer(
                  () -> {
                    projector.rewind();
                    return history
                        .takeWhile(to::includes)
                        .concatMap(projector::show, 1)
                        .concatWith(Mono.fromSupplier(projector::end));
                  });
          return unerased.apply(frames).doOnNext(projector::shown);
        });
  }

  /** Where one showing is. */
  private final class Projector {
    private PastAgent past = PastAgent.NONE;
    private boolean begun;
    private @Nullable Instant last;
    private long reached = resumed;
    private long shown;

    /** From the first event again, up to where it was and on from there without a pause. */
    void rewind() {
      past = PastAgent.NONE;
      begun = false;
      last = null;
    }

    Flux<Frame> show(RecordedEvent event) {
      if (past.position() == 0 && event.version() > 0) {
        return Flux.error(
            new Refusal(
                ErrorCode.POSITION_NOT_KEPT,
                "The first events of agent '%s' are archived; restore the archive to see its past"
                    .formatted(event.agentId())));
      }
      past = past.then(event);
      begun = begun || !from.includes(event);
      if (!begun || event.position() <= reached) {
        return Flux.empty();
      }
      var frame = new Frame.Shown(event, past.agent(), past.erased());
      Speed.Pause pause = speed.between(last == null ? event.time() : last, event.time());
      return after(pause, frame);
    }

    void shown(Frame frame) {
      if (frame instanceof Frame.Shown(RecordedEvent event, _, _)) {
        shown++;
        reached = event.position();
        last = event.time();
      }
    }

    Frame end() {
      return new Frame.End(through(), shown);
    }
  }

  private static Flux<Frame> after(Speed.Pause pause, Frame frame) {
    if (pause.made().isZero()) {
      return Flux.just(frame);
    }
    Flux<Frame> later = Mono.delay(pause.made()).thenMany(Flux.just(frame));
    return pause.shortened()
        ? later.startWith(new Frame.Shortened(pause.due(), pause.made()))
        : later;
  }
}
