package dev.skreaver.gateway.stream;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Schedulers;

/**
 * The live part of one stream: a bounded buffer between the feed, which never waits, and one
 * reader, which takes its time. When it is full the reader gets an error at once, whatever it has
 * asked for; that is why this is not one of Reactor's sinks, which put the error behind the buffer.
 *
 * <p>The feed's dispatcher offers and signals; the reader's demand and its signals drain.
 */
final class LiveBuffer extends Flux<StreamItem> implements Subscription {
  private final TenantId tenant;
  private final @Nullable AgentId agent;
  private final int capacity;
  private final Queue<StreamItem> queue = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicLong requested = new AtomicLong();
  private final AtomicInteger drains = new AtomicInteger();
  private volatile @Nullable CoreSubscriber<? super StreamItem> reader;
  private volatile @Nullable Throwable failure;
  private volatile boolean cancelled;
  private volatile boolean live;
  private volatile long handedDown;

  /** Everything up to here is handed down or offered; only one thread at a time touches it. */
  private long cursor;

  LiveBuffer(TenantId tenant, @Nullable AgentId agent, int capacity) {
    this.tenant = tenant;
    this.agent = agent;
    this.capacity = capacity;
  }

  TenantId tenant() {
    return tenant;
  }

  @Nullable AgentId agent() {
    return agent;
  }

  int capacity() {
    return capacity;
  }

  long cursor() {
    return cursor;
  }

  void cursor(long position) {
    cursor = position;
  }

  /** Whether the feed offers its events here, or did until the buffer failed. */
  boolean live() {
    return live;
  }

  boolean cancelled() {
    return cancelled;
  }

  /** From now on this buffer gets every event after its cursor; all before is handed down. */
  void goLive() {
    handedDown = cursor;
    live = true;
  }

  /**
   * Whether there was room. Nothing is offered after a refusal.
   *
   * @param position everything that matches up to here has been offered now
   */
  boolean offer(StreamItem item, long position) {
    if (size.get() >= capacity) {
      failure = new SlowConsumer(handedDown);
      return false;
    }
    size.incrementAndGet();
    queue.add(item);
    cursor = position;
    return true;
  }

  boolean isEmpty() {
    return size.get() == 0;
  }

  void fail(Throwable reason) {
    failure = reason;
  }

  /** Hands down what waits, on another thread than the caller's. */
  void signal() {
    if (drains.getAndIncrement() == 0) {
      Schedulers.parallel().schedule(this::drain);
    }
  }

  @Override
  public void subscribe(CoreSubscriber<? super StreamItem> actual) {
    actual.onSubscribe(this);
    reader = actual;
    drainHere();
  }

  @Override
  public void request(long n) {
    if (Operators.validate(n)) {
      requested.accumulateAndGet(n, Operators::addCap);
      drainHere();
    }
  }

  @Override
  public void cancel() {
    cancelled = true;
    drainHere();
  }

  private void drainHere() {
    if (drains.getAndIncrement() == 0) {
      drain();
    }
  }

  private void drain() {
    int seen = 1;
    do {
      CoreSubscriber<? super StreamItem> to = reader;
      if (cancelled) {
        queue.clear();
      } else if (to != null) {
        handDown(to);
      }
      seen = drains.addAndGet(-seen);
    } while (seen != 0);
  }

  private void handDown(CoreSubscriber<? super StreamItem> to) {
    long demand = requested.get();
    long sent = 0;
    while (!cancelled) {
      Throwable reason = failure;
      if (reason != null) {
        cancelled = true;
        queue.clear();
        to.onError(reason instanceof SlowConsumer ? new SlowConsumer(handedDown) : reason);
        return;
      }
      StreamItem item = sent == demand ? null : queue.poll();
      if (item == null) {
        break;
      }
      size.decrementAndGet();
      handedDown = item.position();
      to.onNext(item);
      sent++;
    }
    if (demand != Long.MAX_VALUE) {
      requested.addAndGet(-sent);
    }
  }
}
