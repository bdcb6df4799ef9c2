package dev.skreaver.gateway.websocket;

import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/**
 * What waits to be sent on one connection, in order. Events are few, because a subscription asks
 * for the next only when one has gone out; answers are bounded by {@link #isFull}. Used on the
 * connection's event loop only.
 */
final class Outbox {
  private final Queue<Entry> waiting = new ArrayDeque<>();
  private final Sinks.Many<Entry> sink =
      Sinks.unsafe().many().unicast().onBackpressureBuffer(waiting);
  private final int mostAnswers;
  private int answers;

  /**
   * @param mostAnswers that may wait
   */
  Outbox(int mostAnswers) {
    this.mostAnswers = mostAnswers;
  }

  /**
   * @param gone is told when the frame is handed to the network; null for an answer
   */
  private record Entry(Supplier<WebSocketFrame> frame, @Nullable Runnable gone) {}

  boolean isFull() {
    return answers >= mostAnswers;
  }

  void answer(Supplier<WebSocketFrame> frame) {
    answers++;
    sink.tryEmitNext(new Entry(frame, null));
  }

  void event(Supplier<WebSocketFrame> frame, Runnable gone) {
    sink.tryEmitNext(new Entry(frame, gone));
  }

  /** Drops what waits: the client will not take it any more. */
  void clear() {
    waiting.clear();
    answers = 0;
  }

  /** Nothing follows what waits now. */
  void complete() {
    sink.tryEmitComplete();
  }

  /** For the one connection that sends them. */
  Flux<WebSocketFrame> frames() {
    return sink.asFlux()
        .map(
            entry -> {
              Runnable gone = entry.gone();
              if (gone == null) {
                answers--;
              } else {
                gone.run();
              }
              return entry.frame().get();
            });
  }
}
