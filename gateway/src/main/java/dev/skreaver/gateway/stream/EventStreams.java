package dev.skreaver.gateway.stream;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/** The streams of events that clients open, each from any position that is kept. */
public final class EventStreams {
  private static final int PAGE = 500;

  /** The query service may learn of a commit a moment later than the client that made it. */
  private static final int LOOKS_AT_HEAD = 5;

  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(300);

  private static final Retry AGAIN = Retry.indefinitely().filter(Outdated.class::isInstance);

  /** While many are erased, what is read meanwhile is outdated when it is there. */
  private static final Retry AGAIN_LATER =
      Retry.backoff(10, Duration.ofMillis(200))
          .maxBackoff(Duration.ofSeconds(5))
          .transientErrors(true)
          .filter(Outdated.class::isInstance)
          .onRetryExhaustedThrow(
              (_, _) ->
                  new Refusal(
                      ErrorCode.SERVICE_UNAVAILABLE,
                      "Texts are being erased faster than they can be read again;"
                          + " try again later, and resume after the last position"));

  private final Feed feed;
  private final EventQueries queries;
  private final HistoryPages history;
  private final StreamSettings settings;

  EventStreams(Feed feed, EventQueries queries, HistoryPages history, StreamSettings settings) {
    this.feed = feed;
    this.queries = queries;
    this.history = history;
    this.settings = settings;
  }

  /**
   * The events of a tenant, or of one of its agents: every one after the given position exactly
   * once and in order, first from history, which is fetched as the reader asks for it, then live.
   * What waited while an erasure passed is read again instead of being handed down. The stream ends
   * only with an error: {@link SlowConsumer}; a {@link Refusal}, {@code invalid_input} when the
   * position has not been reached yet, {@code service_unavailable} when history cannot be had, or
   * when the order of events went back.
   *
   * @param after the position to resume after, 0 for everything that is kept, null for live only
   */
  public Flux<StreamItem> open(TenantId tenant, @Nullable AgentId agent, @Nullable Long after) {
    return feed.begun().thenMany(Flux.defer(() -> start(tenant, agent, after, feed.order())));
  }

  /**
   * An agent's events from its first one on, page by page as the reader takes them; fails with a
   * {@link Refusal} when history cannot be had.
   *
   * @param through the last position at most
   */
  public Flux<RecordedEvent> history(TenantId tenant, AgentId agent, long through) {
    return pageOf(tenant, agent, 0)
        .expand(
            page -> {
              long last = page.through();
              boolean more = last < through && !page.events().isEmpty();
              return more ? pageOf(tenant, agent, last) : Mono.empty();
            })
        .flatMapIterable(EventQueries.History::events, 1)
        .takeWhile(event -> event.position() <= through);
  }

  /**
   * The same, without what may show what is erased: it is subscribed to again, after a pause, when
   * an erasure in the tenant has passed since it was, in place of its next item. It fails with a
   * {@link Refusal}, {@code service_unavailable}, when that goes on without an item.
   */
  public <T> Flux<T> unerased(TenantId tenant, Flux<T> opened) {
    return Flux.defer(
            () -> {
              long erasures = feed.erasures(tenant);
              return opened.doOnNext(_ -> requireNoneSince(erasures, tenant));
            })
        .retryWhen(AGAIN_LATER);
  }

  /** How many erasures in this tenant have passed; what was opened before the last is outdated. */
  public long erasures(TenantId tenant) {
    return feed.erasures(tenant);
  }

  /** Whether an erasure passed since this event was opened, so that it may show what is erased. */
  public boolean isOutdated(StreamItem.Event item) {
    return item.erasures() != feed.erasures(item.event().tenant());
  }

  private void requireNoneSince(long erasures, TenantId tenant) {
    if (erasures != feed.erasures(tenant)) {
      throw new Outdated();
    }
  }

  private Mono<EventQueries.History> pageOf(TenantId tenant, AgentId agent, long after) {
    return history.page(new EventQueries.After(tenant, agent, after, PAGE));
  }

  /**
   * The position that this gateway has dispatched up to. A stream's own cursor is what {@link
   * StreamItem.Progress} says; this one may run ahead of events that still wait in its buffer.
   */
  public long position() {
    return feed.position();
  }

  private Flux<StreamItem> start(
      TenantId tenant, @Nullable AgentId agent, @Nullable Long after, Feed.Order order) {
    if (after == null) {
      return from(tenant, agent, feed.position(), order);
    }
    if (after < 0) {
      return Flux.error(Refusal.invalidField("after", "positions are never negative"));
    }
    return head(after)
        .flatMapMany(
            head -> {
              if (after > head) {
                return Flux.error(notReached(after, head));
              }
              long kept = settings.retention() == 0 ? 0 : Math.max(0, head - settings.retention());
              Flux<StreamItem> stream = from(tenant, agent, Math.max(after, kept), order);
              return after < kept ? stream.startWith(new StreamItem.Gap(after, kept + 1)) : stream;
            });
  }

  /** The last position, as far as it needs to be known: at least {@code wanted}, if it is there. */
  private Mono<Long> head(long wanted) {
    if (feed.position() >= wanted) {
      return Mono.just(feed.position());
    }
    return Mono.defer(queries::bounds)
        .map(EventQueries.Bounds::head)
        .repeatWhen(again -> again.take(LOOKS_AT_HEAD - 1L).delayElements(BETWEEN_LOOKS))
        .takeUntil(head -> head >= wanted)
        .last();
  }

  private static Refusal notReached(long after, long head) {
    return new Refusal(
        ErrorCode.INVALID_INPUT,
        "Invalid value for 'after': the last position is %d, nothing comes after %d yet"
            .formatted(head, after),
        Map.of("field", "after", "head", head));
  }

  /** Goes back to history by itself when what waits to be handed down is outdated. */
  private Flux<StreamItem> from(
      TenantId tenant, @Nullable AgentId agent, long start, Feed.Order order) {
    return Flux.defer(
        () -> {
          var cursor = new Cursor(start);
          return Flux.defer(
                  () -> {
                    var buffer = new LiveBuffer(tenant, agent, settings.buffer());
                    buffer.cursor(cursor.position);
                    return from(buffer);
                  })
              .doOnNext(
                  item -> {
                    feed.require(order);
                    if (item instanceof StreamItem.Event event && isOutdated(event)) {
                      throw new Outdated();
                    }
                  })
              .retryWhen(AGAIN)
              .map(cursor::handDown);
        });
  }

  /**
   * A step is taken only when all that came before it has been handed down; so a buffer that goes
   * live never waits behind a page of history.
   */
  private Flux<StreamItem> from(LiveBuffer buffer) {
    return Flux.defer(() -> step(buffer))
        .repeat(() -> !buffer.live())
        .concatWith(buffer)
        .doFinally(
            _ -> {
              buffer.cancel();
              feed.leave(buffer);
            });
  }

  private Flux<StreamItem> step(LiveBuffer buffer) {
    return feed.join(buffer)
        .flatMapMany(
            join ->
                switch (join) {
                  case Feed.Join.Behind() -> nextPage(buffer);
                  case Feed.Join.Page(var events, long through) -> {
                    buffer.cursor(through);
                    yield Flux.fromIterable(events);
                  }
                  case Feed.Join.Live() -> Flux.empty();
                });
  }

  private Flux<StreamItem> nextPage(LiveBuffer buffer) {
    var query = new EventQueries.After(buffer.tenant(), buffer.agent(), buffer.cursor(), PAGE);
    long erasures = feed.erasures(buffer.tenant());
    return history
        .page(query)
        .flatMapMany(
            page -> {
              if (page.through() <= buffer.cursor()) {
                return Mono.delay(BETWEEN_LOOKS).thenMany(Flux.empty());
              }
              long from = buffer.cursor();
              buffer.cursor(page.through());
              Flux<StreamItem> events =
                  Flux.fromIterable(page.events())
                      .map(event -> new StreamItem.Event(event, erasures));
              return from < page.earliest() - 1
                  ? events.startWith(new StreamItem.Gap(from, page.earliest()))
                  : events;
            });
  }

  /** How far one stream is. */
  private static final class Cursor {
    private long position;
    private boolean caughtUp;

    Cursor(long start) {
      position = start;
    }

    /** The item as it is handed down: that history is done is told once. */
    StreamItem handDown(StreamItem item) {
      position = item.position();
      boolean repeated = caughtUp && item instanceof StreamItem.CaughtUp;
      caughtUp = caughtUp || item instanceof StreamItem.CaughtUp;
      return repeated ? new StreamItem.Progress(position) : item;
    }
  }

  /** What comes next was opened before an erasure, and must be read again. */
  private static final class Outdated extends RuntimeException {
    Outdated() {
      super("opened before an erasure", null, false, false);
    }
  }
}
