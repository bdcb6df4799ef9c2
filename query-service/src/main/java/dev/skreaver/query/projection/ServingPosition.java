package dev.skreaver.query.projection;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;

/**
 * The position of a projection's serving generation. It never goes back unless the database did: a
 * generation serves only when it holds all that the one before it held.
 */
final class ServingPosition {
  private record Waiter(long position, MonoSink<Long> sink) {}

  private final Queue<Waiter> waiters = new ConcurrentLinkedQueue<>();
  private final Sinks.Empty<Void> begun = Sinks.empty();
  private volatile @Nullable Progress serving;
  private volatile long floor;

  void serve(Progress next) {
    floor = position();
    serving = next;
    begun.tryEmitEmpty();
    advanced();
  }

  @Nullable Progress serving() {
    return serving;
  }

  void forget() {
    floor = 0;
  }

  /** Completes when there is a generation that serves. */
  Mono<Void> begun() {
    return begun.asMono();
  }

  long position() {
    Progress current = serving;
    return current == null ? floor : Math.max(floor, current.position());
  }

  /** Null while nobody knows it: after a start, and after the database may have gone back. */
  @Nullable Long knownPosition() {
    Progress current = serving;
    Long known = current == null ? null : current.knownPosition();
    return known == null ? null : Math.max(floor, known);
  }

  /** To be called when any generation has come further. */
  void advanced() {
    Long position = waiters.isEmpty() ? null : knownPosition();
    if (position == null) {
      return;
    }
    waiters.removeIf(
        waiter -> {
          boolean done = waiter.position <= position;
          if (done) {
            waiter.sink.success(position);
          }
          return done;
        });
  }

  /**
   * Completes with the position when it is known and at least this, on the thread that has brought
   * it there: what follows must not wait. Never ends by itself.
   */
  Mono<Long> reached(long wanted) {
    Long now = knownPosition();
    if (now != null && now >= wanted) {
      return Mono.just(now);
    }
    return Mono.create(
        sink -> {
          var waiter = new Waiter(wanted, sink);
          waiters.add(waiter);
          sink.onDispose(() -> waiters.remove(waiter));
          advanced();
        });
  }
}
