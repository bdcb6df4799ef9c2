package dev.skreaver.gateway.stream;

import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.SignalType;

/** Live events from the query service, for the one thread that reads them and may block. */
final class StoreSource extends BaseSubscriber<RecordedEvent> implements AutoCloseable {
  private static final int WINDOW = 512;

  private final BlockingQueue<RecordedEvent> arrived = new LinkedBlockingQueue<>();
  private volatile boolean ended;
  private volatile @Nullable Throwable failure;

  private StoreSource() {}

  static StoreSource after(EventQueries queries, long position) {
    var source = new StoreSource();
    queries.live(position).subscribe(source);
    return source;
  }

  /**
   * What has arrived, or arrives within the limit.
   *
   * @throws IllegalStateException if the query service ended the stream
   */
  List<RecordedEvent> next(Duration limit) throws InterruptedException {
    RecordedEvent first = arrived.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
    if (first == null) {
      if (ended) {
        throw new IllegalStateException("the query service ended the stream", failure);
      }
      return List.of();
    }
    var events = new ArrayList<RecordedEvent>();
    events.add(first);
    arrived.drainTo(events, WINDOW / 2);
    request(events.size());
    return events;
  }

  @Override
  protected void hookOnSubscribe(Subscription subscription) {
    request(WINDOW);
  }

  @Override
  protected void hookOnNext(RecordedEvent event) {
    arrived.add(event);
  }

  @Override
  protected void hookOnError(Throwable throwable) {
    failure = throwable;
  }

  @Override
  protected void hookFinally(SignalType type) {
    ended = true;
  }

  @Override
  public void close() {
    cancel();
  }
}
