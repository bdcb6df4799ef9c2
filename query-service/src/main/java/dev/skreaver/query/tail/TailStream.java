package dev.skreaver.query.tail;

import dev.skreaver.api.event.RecordedEvent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.axonframework.common.stream.BlockingStream;
import org.axonframework.eventhandling.GenericEventMessage;
import org.axonframework.eventhandling.GenericTrackedEventMessage;
import org.axonframework.eventhandling.GlobalSequenceTrackingToken;
import org.axonframework.eventhandling.TrackedEventMessage;
import org.axonframework.messaging.GenericMessage;
import org.axonframework.messaging.MetaData;
import org.jspecify.annotations.Nullable;

/**
 * A processor's place in the tail. The messages' payload is the {@link RecordedEvent}: what an
 * event means is decided where it is handled. For one thread at a time, which may wait.
 */
final class TailStream implements BlockingStream<TrackedEventMessage<?>> {
  private final EventTail tail;
  private final Semaphore available = new Semaphore(0);
  private final Runnable wake = available::release;
  private final Deque<RecordedEvent> page = new ArrayDeque<>();
  private @Nullable Runnable callback;
  private long cursor;

  TailStream(EventTail tail, long after) {
    this.tail = tail;
    this.cursor = after;
    tail.register(wake);
  }

  private boolean fill() {
    if (page.isEmpty()) {
      page.addAll(tail.read(cursor));
    }
    return !page.isEmpty();
  }

  @Override
  public boolean hasNextAvailable() {
    return fill();
  }

  @Override
  public boolean hasNextAvailable(int timeout, TimeUnit unit) throws InterruptedException {
    long end = System.nanoTime() + unit.toNanos(timeout);
    while (true) {
      available.drainPermits();
      if (fill()) {
        return true;
      }
      long left = end - System.nanoTime();
      if (left <= 0 || !available.tryAcquire(left, TimeUnit.NANOSECONDS)) {
        return fill();
      }
    }
  }

  @Override
  public Optional<TrackedEventMessage<?>> peek() {
    return fill() ? Optional.of(message(page.element())) : Optional.empty();
  }

  @Override
  public TrackedEventMessage<?> nextAvailable() throws InterruptedException {
    while (!hasNextAvailable(Integer.MAX_VALUE, TimeUnit.SECONDS)) {
      Thread.onSpinWait();
    }
    RecordedEvent event = page.remove();
    cursor = event.position();
    return message(event);
  }

  private static TrackedEventMessage<RecordedEvent> message(RecordedEvent event) {
    return new GenericTrackedEventMessage<>(
        new GlobalSequenceTrackingToken(event.position()),
        new GenericEventMessage<>(
            new GenericMessage<>(event.eventId().toString(), event, MetaData.emptyInstance()),
            event::time));
  }

  @Override
  public boolean setOnAvailableCallback(Runnable onAvailable) {
    callback = onAvailable;
    tail.register(onAvailable);
    return true;
  }

  @Override
  public void close() {
    tail.unregister(wake);
    if (callback != null) {
      tail.unregister(callback);
    }
  }
}
