package dev.skreaver.gateway.stream;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.event.RecordedEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * The gateway's one line of live events, of all tenants and in order of position, and who listens
 * to which of them. What happens here happens on one thread, the dispatcher: so the step from
 * memory to live has no seam.
 */
final class Feed implements AutoCloseable {
  private static final Duration TIME_TO_BEGIN = Duration.ofSeconds(10);

  private final Scheduler dispatcher = Schedulers.newSingle("event-dispatch", true);
  private final Sinks.One<Boolean> begun = Sinks.one();
  private final Map<Topic, Set<LiveBuffer>> listeners = new HashMap<>();
  private final Map<TenantId, Long> erasures = new ConcurrentHashMap<>();
  private final int capacity;
  private @Nullable Ring ring;
  private volatile long position;
  private volatile Order order = new Order(0, 0);
  private final AtomicInteger streams = new AtomicInteger();

  Feed(StreamSettings settings) {
    this.capacity = settings.ring();
    long period = settings.progress().toMillis();
    dispatcher.schedulePeriodically(this::progress, period, period, TimeUnit.MILLISECONDS);
  }

  /** The position of the last event; all before it were dispatched. */
  long position() {
    return position;
  }

  /** How many erasures in this tenant were dispatched. */
  long erasures(TenantId tenant) {
    return erasures.getOrDefault(tenant, 0L);
  }

  /** What positions mean now. */
  Order order() {
    return order;
  }

  /**
   * @throws Refusal {@code service_unavailable} when this is not the order any more
   */
  void require(Order known) {
    Order now = order;
    if (!now.equals(known)) {
      throw wentBack(now.start());
    }
  }

  /** How many streams are live. */
  int streams() {
    return streams.get();
  }

  /** Completes when there is a position to start from; refuses when that takes too long. */
  Mono<Boolean> begun() {
    return begun
        .asMono()
        .timeout(
            TIME_TO_BEGIN,
            Mono.error(
                () ->
                    new Refusal(
                        ErrorCode.SERVICE_UNAVAILABLE,
                        "Live events are not available yet: the query service does not answer;"
                            + " try again")));
  }

  /**
   * Starts at this position, or over: then every stream is cut, because its cursor is void. Those
   * that are live are cut here, the others where they {@link #require} their order.
   */
  void begin(long head) {
    onDispatcher(
        () -> {
          ring = new Ring(capacity, head);
          position = head;
          order = new Order(order.number() + 1, head);
          for (LiveBuffer buffer : listeners.values().stream().flatMap(Set::stream).toList()) {
            buffer.fail(wentBack(head));
            forget(buffer);
            buffer.signal();
          }
        });
    begun.tryEmitValue(true);
  }

  private static Refusal wentBack(long head) {
    return new Refusal(
        ErrorCode.SERVICE_UNAVAILABLE,
        "The order of events went back to position %d: read anew".formatted(head),
        Map.of("position", head));
  }

  /** Hands the next events to all who listen, and returns when that is done. */
  void dispatch(List<RecordedEvent> events) {
    onDispatcher(
        () -> {
          var touched = new LinkedHashSet<LiveBuffer>();
          var overflown = new ArrayList<LiveBuffer>();
          for (RecordedEvent event : events) {
            if (event.type().equals(EventCatalog.SUBJECT_ERASED.wireName())) {
              // Earlier events may show what is erased now: they are read again where that is gone.
              ring = new Ring(capacity, position);
              erasures.merge(event.tenant(), 1L, Long::sum);
            }
            var item = new StreamItem.Event(event, erasures(event.tenant()));
            Objects.requireNonNull(ring).add(item);
            position = event.position();
            offer(new Topic(event.tenant(), null), item, touched, overflown);
            offer(new Topic(event.tenant(), event.agentId()), item, touched, overflown);
            overflown.forEach(this::forget);
            overflown.clear();
          }
          touched.forEach(LiveBuffer::signal);
        });
  }

  private void offer(
      Topic topic, StreamItem.Event item, Set<LiveBuffer> touched, List<LiveBuffer> overflown) {
    for (LiveBuffer buffer : listeners.getOrDefault(topic, Set.of())) {
      long at = item.event().position();
      if (at > buffer.cursor()) {
        touched.add(buffer);
        if (!buffer.offer(item, at)) {
          overflown.add(buffer);
        }
      }
    }
  }

  /** What comes after the buffer's cursor, if it is in memory; at the end of it, live. */
  Mono<Join> join(LiveBuffer buffer) {
    return Mono.fromCallable(() -> joinNow(buffer)).subscribeOn(dispatcher);
  }

  private Join joinNow(LiveBuffer buffer) {
    Ring memory = Objects.requireNonNull(ring, "not begun");
    if (buffer.cursor() < memory.floor()) {
      return new Join.Behind();
    }
    int most = Math.max(1, buffer.capacity() / 2);
    var events = new ArrayList<StreamItem>();
    long number = memory.firstAfter(buffer.cursor());
    for (; number < memory.end() && events.size() < most; number++) {
      StreamItem.Event item = memory.get(number);
      if (matches(buffer, item.event())) {
        events.add(item);
      }
    }
    if (!events.isEmpty()) {
      long through = memory.get(number - 1).event().position();
      return new Join.Page(events, through);
    }
    if (!buffer.cancelled()) {
      buffer.cursor(Math.max(buffer.cursor(), position));
      buffer.goLive();
      buffer.offer(new StreamItem.CaughtUp(buffer.cursor()), buffer.cursor());
      listeners.computeIfAbsent(Topic.of(buffer), _ -> new LinkedHashSet<>()).add(buffer);
      streams.incrementAndGet();
    }
    return new Join.Live();
  }

  private static boolean matches(LiveBuffer buffer, RecordedEvent event) {
    return event.tenant().equals(buffer.tenant())
        && (buffer.agent() == null || event.agentId().equals(buffer.agent()));
  }

  void leave(LiveBuffer buffer) {
    dispatcher.schedule(() -> forget(buffer));
  }

  private void forget(LiveBuffer buffer) {
    Topic topic = Topic.of(buffer);
    Set<LiveBuffer> those = listeners.get(topic);
    if (those != null && those.remove(buffer)) {
      streams.decrementAndGet();
      if (those.isEmpty()) {
        listeners.remove(topic);
      }
    }
  }

  private void progress() {
    long reached = position;
    for (Set<LiveBuffer> those : listeners.values()) {
      for (LiveBuffer buffer : those) {
        if (buffer.cursor() < reached && buffer.isEmpty()) {
          buffer.offer(new StreamItem.Progress(reached), reached);
          buffer.signal();
        }
      }
    }
  }

  private void onDispatcher(Runnable work) {
    CompletableFuture.runAsync(work, dispatcher::schedule).join();
  }

  @Override
  public void close() {
    dispatcher.dispose();
  }

  /**
   * One line of events; after a restore of the database the same positions are given again.
   *
   * @param start the position that it was begun at
   */
  record Order(int number, long start) {}

  private record Topic(TenantId tenant, @Nullable AgentId agent) {
    static Topic of(LiveBuffer buffer) {
      return new Topic(buffer.tenant(), buffer.agent());
    }
  }

  /** How a stream that wants to become live stands to what is in memory. */
  sealed interface Join {
    /** What it needs next is no longer in memory. */
    record Behind() implements Join {}

    /**
     * @param through the last position that these were looked for up to
     */
    record Page(List<StreamItem> events, long through) implements Join {}

    /** It is live, or was cancelled. */
    record Live() implements Join {}
  }
}
