package dev.skreaver.gateway.stream;

import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import io.lettuce.core.RedisException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Fills the {@link Feed}: from Redis while that works and keeps up, else from the query service.
 * Where the events come from may change at any position; what keeps the feed whole is that each
 * event names the one before it, so that a missing one is seen and fetched.
 */
final class FeedReader implements SmartLifecycle {
  private static final Logger log = LoggerFactory.getLogger(FeedReader.class);
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int CHUNK = 250;

  /** So often in a row the store must be behind the feed until that is believed. */
  private static final int LOOKS_AT_A_SHORTER_STORE = 5;

  private final Feed feed;
  private final EventQueries queries;
  private final @Nullable MeshSource mesh;
  private final Thread thread;

  private volatile boolean stopped;
  private volatile Source source = Source.NONE;
  private long cursor;
  private @Nullable CompletableFuture<EventQueries.@Nullable Bounds> asked;
  private long unseen = -1;
  private long lacking;
  private int shorter;

  /**
   * @param mesh null when it is off
   */
  FeedReader(Feed feed, EventQueries queries, @Nullable MeshSource mesh) {
    this.feed = feed;
    this.queries = queries;
    this.mesh = mesh;
    this.thread = Thread.ofPlatform().name("event-feed").daemon().unstarted(this::run);
  }

  enum Source {
    NONE,
    MESH,
    STORE
  }

  /** Where live events come from now. */
  Source source() {
    return source;
  }

  @Override
  public void start() {
    thread.start();
  }

  @Override
  public boolean isRunning() {
    return thread.isAlive();
  }

  @Override
  public void stop() {
    stopped = true;
    thread.interrupt();
    try {
      thread.join(PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      fill();
    } finally {
      source = Source.NONE;
    }
  }

  private void fill() {
    boolean begun = false;
    boolean caughtUp = false;
    while (!stopped) {
      try {
        if (!begun) {
          cursor = head();
          feed.begin(cursor);
          begun = true;
        }
        if (mesh != null && (caughtUp || isUsable(mesh, cursor))) {
          readMesh(mesh);
        }
        // Whatever ended that: Redis may be there and stand still just where this feed is.
        caughtUp = !stopped && readStore();
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        if (!stopped && source != Source.NONE) {
          log.warn("Live events are interrupted at position {}: {}", cursor, e.getMessage());
        }
        source = Source.NONE;
        caughtUp = false;
        pause();
      }
    }
  }

  private void readMesh(MeshSource from) {
    enter(Source.MESH);
    while (!stopped) {
      List<RecordedEvent> events;
      try {
        events = from.after(cursor, POLL);
      } catch (RedisException e) {
        if (!stopped) {
          log.warn("Redis fails, live events come from the query service: {}", e.getMessage());
        }
        from.disconnect();
        return;
      }
      long before = cursor;
      accept(events);
      if (cursor == before && storeIsFurther()) {
        log.warn(
            "Redis stands still at {} though the store is further: live events come from the query"
                + " service until it has caught up",
            cursor);
        return;
      }
    }
  }

  /** Whether this ended because Redis has caught up. */
  private boolean readStore() throws InterruptedException {
    enter(Source.STORE);
    try (StoreSource from = StoreSource.after(queries, cursor)) {
      CompletableFuture<Boolean> look = null;
      long lookAt = Math.max(cursor, lacking);
      long nextLook = System.nanoTime() + POLL.toNanos();
      while (!stopped) {
        List<RecordedEvent> events = from.next(POLL);
        long before = cursor;
        accept(events);
        if (cursor == before && storeIsFurther()) {
          log.warn("The query service's stream stands still at {}: asking anew", cursor);
          return false;
        }
        if (look != null && look.isDone()) {
          if (look.join()) {
            return true;
          }
          look = null;
          lookAt = Math.max(cursor, lacking);
          nextLook = System.nanoTime() + POLL.toNanos();
        }
        if (mesh != null && look == null && System.nanoTime() > nextLook) {
          look = look(mesh, lookAt);
        }
      }
    }
    return false;
  }

  /**
   * Whether Redis has this position, or what lies behind it, and nothing that the store has not:
   * that would be what it kept from before a restore of the database.
   */
  private boolean isUsable(MeshSource candidate, long position) {
    OptionalLong last = candidate.last();
    if (last.isEmpty() || last.getAsLong() < position) {
      return false;
    }
    try {
      return last.getAsLong() <= head();
    } catch (RuntimeException unknown) {
      // Without the query service there is nothing better than Redis.
      return true;
    }
  }

  /** On the side, because a Redis that hangs takes its time to say no. */
  private CompletableFuture<Boolean> look(MeshSource at, long position) {
    return CompletableFuture.supplyAsync(
        () -> isUsable(at, position), task -> Thread.ofVirtual().name("mesh-look").start(task));
  }

  private void enter(Source now) {
    if (source != now) {
      log.info("Live events come from {} after position {}", now, cursor);
    }
    source = now;
    unseen = -1;
    asked = null;
  }

  private void accept(List<RecordedEvent> events) {
    var next = new ArrayList<RecordedEvent>();
    long reached = cursor;
    for (RecordedEvent event : events) {
      if (event.position() <= reached) {
        continue;
      }
      if (previous(event) > reached) {
        dispatch(next);
        next.clear();
        fetchUpTo(previous(event));
        reached = cursor;
      }
      if (event.position() > reached) {
        next.add(event);
        reached = event.position();
      }
    }
    dispatch(next);
  }

  private static long previous(RecordedEvent event) {
    Long previous = event.previous();
    return previous == null ? event.position() - 1 : previous;
  }

  /**
   * Fetches what the source has skipped.
   *
   * @throws IllegalStateException if the query service ended before
   */
  private void fetchUpTo(long position) {
    log.info("Events after {} up to {} are missing: fetching them", cursor, position);
    queries
        .live(cursor)
        .timeout(PATIENCE)
        .takeUntil(event -> event.position() >= position)
        .buffer(CHUNK)
        .toIterable(1)
        .forEach(this::dispatch);
    if (cursor < position) {
      throw new IllegalStateException("the query service ended the stream");
    }
  }

  private void dispatch(List<RecordedEvent> events) {
    for (int from = 0; from < events.size(); from += CHUNK) {
      List<RecordedEvent> chunk = events.subList(from, Math.min(events.size(), from + CHUNK));
      feed.dispatch(chunk);
      cursor = chunk.getLast().position();
      unseen = -1;
      asked = null;
      shorter = 0;
    }
  }

  /**
   * Asked while nothing comes: whether the store has had an event for at least one round that the
   * source did not bring. It waits for no answer: a source that works is read on without one.
   */
  private boolean storeIsFurther() {
    CompletableFuture<EventQueries.@Nullable Bounds> answer = asked;
    if (answer != null && !answer.isDone()) {
      return false;
    }
    asked = queries.bounds().timeout(PATIENCE).toFuture();
    if (answer == null || answer.isCompletedExceptionally()) {
      return false;
    }
    long head = Objects.requireNonNull(answer.join()).head();
    if (head < cursor) {
      startOverIfItStaysSo(head);
      return false;
    }
    shorter = 0;
    lacking = unseen;
    unseen = head;
    return lacking > cursor;
  }

  /** A reader may lag for a moment; a database restored from a backup stays shorter. */
  private void startOverIfItStaysSo(long head) {
    if (++shorter >= LOOKS_AT_A_SHORTER_STORE) {
      log.error(
          "The event store ends at {} but {} was seen already: was the database restored from a"
              + " backup? All streams are cut",
          head,
          cursor);
      feed.begin(head);
      cursor = head;
      shorter = 0;
      unseen = -1;
      lacking = 0;
    }
  }

  private long head() {
    return Objects.requireNonNull(queries.bounds().block(PATIENCE)).head();
  }

  private void pause() {
    try {
      Thread.sleep(POLL.dividedBy(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped = true;
    }
  }
}
