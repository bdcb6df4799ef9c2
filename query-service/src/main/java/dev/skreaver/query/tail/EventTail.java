package dev.skreaver.query.tail;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.personal.PersonalTexts;
import dev.skreaver.query.postgres.Session;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.R2dbcException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Schedulers;

/**
 * The one reader of the event store in this process. It is woken when events are committed, keeps
 * the last ones in memory for all its readers, and reconnects by itself.
 *
 * <p>Positions become visible in their order, so to be complete a reader remembers nothing but the
 * last position it has seen.
 */
public final class EventTail implements AutoCloseable {
  /** A page of events, at most. */
  static final int PAGE = 1_000;

  private static final int KEPT = 10_000;
  private static final Duration SAFETY_POLL = Duration.ofSeconds(1);
  private static final Duration ANSWER = Duration.ofSeconds(60);

  /**
   * Small pages are read again and again: one plan serves them all, which looks up what belongs to
   * each event and never reads a table. To make a plan takes longer than to read a small page.
   */
  private static final List<String> FOLLOWING =
      List.of(
          "SET plan_cache_mode = force_generic_plan",
          "SET enable_hashjoin = off",
          "SET enable_mergejoin = off",
          "LISTEN skreaver_events");

  private static final Set<String> SCHEMA_MISSING = Set.of("3F000", "42P01");
  private static final Logger log = LoggerFactory.getLogger(EventTail.class);

  private final ConnectionFactory dedicated;
  private final EventPages pages;
  private final PersonalTexts texts;
  private final EventRing ring = new EventRing(KEPT);
  private final Set<Runnable> callbacks = ConcurrentHashMap.newKeySet();
  private final Queue<MonoSink<Boolean>> waiting = new ConcurrentLinkedQueue<>();
  private volatile State state = new State(false, "not started");
  private volatile boolean closed;
  private @Nullable Thread reader;
  private String logged = "";

  /** The last event before those in memory; null before the first connection. */
  private EventPages.@Nullable Place start;

  /**
   * @param dedicated gives the connection that listens; not a pool
   * @param pages what was committed before the events in memory
   * @param texts opens what is shown
   */
  public EventTail(ConnectionFactory dedicated, EventPages pages, PersonalTexts texts) {
    this.dedicated = dedicated;
    this.pages = pages;
    this.texts = texts;
  }

  /**
   * @param following whether new events are seen as they are committed
   * @param detail what it does, or why it does not
   */
  public record State(boolean following, String detail) {}

  public State state() {
    return state;
  }

  public synchronized void start() {
    if (reader == null) {
      reader = Thread.ofVirtual().name("event-tail").start(this::read);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (reader != null) {
      reader.interrupt();
      try {
        reader.join(Duration.ofSeconds(10));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    wakeReaders();
  }

  /** The store's last position that this process knows; 0 in an empty store. */
  public long head() {
    return Math.max(0, ring.head());
  }

  /** The last position that is in the archive only; 0 if there is none. */
  public Mono<Long> archived() {
    return pages.archived().onErrorMap(EventTail::unavailable);
  }

  /** Completes when the store's head is known. */
  public Mono<Void> started() {
    return changed(-1).then();
  }

  /**
   * Every event after a position as it may be shown, in order, with {@code previous} set; first
   * those that are there, then each one as it is committed. Reads no further ahead than is asked
   * for, but for one page. Fails with {@code event_store_unavailable} when history cannot be read.
   */
  public Flux<RecordedEvent> live(long after) {
    return Flux.defer(
        () -> {
          var cursor = new AtomicLong(after);
          // By page, not by event: the next page is looked for while this one is still consumed.
          return Mono.defer(() -> next(cursor.get()))
              .filter(page -> !page.isEmpty())
              .doOnNext(page -> cursor.set(page.getLast().position()))
              .repeat(() -> !closed)
              .concatMap(page -> texts.events(page).onErrorMap(EventTail::unavailable), 1)
              .concatMapIterable(page -> page, 1);
        });
  }

  private Mono<List<RecordedEvent>> next(long cursor) {
    List<RecordedEvent> kept = ring.after(cursor, PAGE);
    if (kept == null) {
      return changed(-1)
          .then(pages.after(cursor, PAGE))
          .onErrorMap(EventTail::unavailable)
          .publishOn(Schedulers.parallel())
          .flatMap(
              page -> page.isEmpty() ? changed(ring.head()).thenReturn(page) : Mono.just(page));
    }
    if (!kept.isEmpty()) {
      return Mono.just(kept);
    }
    return changed(cursor).thenReturn(kept);
  }

  /** Completes when the head is beyond a position. */
  private Mono<Boolean> changed(long position) {
    return Mono.<Boolean>create(
            sink -> {
              waiting.add(sink);
              sink.onDispose(() -> waiting.remove(sink));
              if (ring.head() > position || closed) {
                sink.success(true);
              }
            })
        .publishOn(Schedulers.parallel());
  }

  /** The next events, with sealed texts, if they are in memory; null if not, empty at the head. */
  public @Nullable List<RecordedEvent> recent(long after, int limit) {
    return ring.after(after, limit);
  }

  /** The next events out of the event store, with sealed texts. */
  public Mono<List<RecordedEvent>> history(long after, int limit) {
    return pages.after(after, limit);
  }

  /**
   * @param callback run whenever there are new events; must not wait
   */
  public void register(Runnable callback) {
    callbacks.add(callback);
  }

  public void unregister(Runnable callback) {
    callbacks.remove(callback);
  }

  private void read() {
    while (!closed) {
      try {
        follow();
      } catch (RuntimeException e) {
        if (closed) {
          break;
        }
        String reason = reason(e, String.valueOf(e.getMessage()));
        if (state.following() || !reason.equals(logged)) {
          log.warn(
              "The event store cannot be followed and is tried again every second: {}", reason);
        }
        logged = reason;
        // Anyone may see it: what the driver says, of addresses and users, is for the log.
        state = new State(false, reason(e, "the event store cannot be reached"));
        try {
          Thread.sleep(SAFETY_POLL);
        } catch (InterruptedException stopped) {
          break;
        }
      }
    }
    state = new State(false, "stopped");
  }

  private void follow() {
    Session session = Session.open(dedicated);
    Connection connection = session.connection();
    try {
      for (String setting : FOLLOWING) {
        Flux.from(connection.createStatement(setting).execute())
            .flatMap(result -> result.getRowsUpdated())
            .then()
            .block(ANSWER);
      }
      if (start == null || !holds(connection, start)) {
        texts.forget();
        start = Objects.requireNonNull(EventPages.head(connection).block(ANSWER));
        ring.start(start.position());
        wakeReaders();
      }
      // What came before a signal is read with it; so one that waits is enough.
      Flux.merge(signals(connection), Flux.interval(Duration.ZERO, SAFETY_POLL))
          .onBackpressureLatest()
          .concatMap(signal -> readNew(connection), 1)
          .blockLast();
    } finally {
      session.discard();
    }
  }

  /** Whether the store still has the last event that was seen of it. */
  private boolean holds(Connection connection, EventPages.Place before) {
    RecordedEvent read = ring.last();
    EventPages.Place last = read == null ? before : EventPages.Place.of(read);
    if (Boolean.TRUE.equals(EventPages.holds(connection, last).block(ANSWER))) {
      return true;
    }
    log.error(
        "The event store no longer has event {} at position {}: it was restored from a backup, or"
            + " failed over with a loss",
        last.eventId(),
        last.position());
    return false;
  }

  /** Each time that something was committed; fails when the connection is lost. */
  private static Flux<Object> signals(Connection connection) {
    return ((PostgresqlConnection) connection)
        .getNotifications()
        .cast(Object.class)
        .concatWith(Mono.error(() -> new IllegalStateException("the connection was closed")));
  }

  /** Stays on the thread that brings the answer: every change of threads would be a delay. */
  private Mono<Void> readNew(Connection connection) {
    return Mono.defer(() -> pages.after(connection, ring.head(), PAGE))
        .timeout(ANSWER)
        .doOnNext(this::arrived)
        .repeat()
        .takeUntil(page -> page.size() < PAGE)
        .then();
  }

  private void arrived(List<RecordedEvent> page) {
    if (!state.following()) {
      log.info("Following the event store from position {}", ring.head());
      state = new State(true, "following");
    }
    if (page.stream().anyMatch(EventTail::erases)) {
      texts.forget();
    }
    if (!page.isEmpty()) {
      ring.append(page);
      wakeReaders();
    }
  }

  private static boolean erases(RecordedEvent event) {
    return event.type().equals(EventCatalog.SUBJECT_ERASED.wireName());
  }

  private void wakeReaders() {
    callbacks.forEach(Runnable::run);
    for (MonoSink<Boolean> sink = waiting.poll(); sink != null; sink = waiting.poll()) {
      sink.success(true);
    }
  }

  private static String reason(RuntimeException e, String otherwise) {
    return e instanceof R2dbcException failed && SCHEMA_MISSING.contains(failed.getSqlState())
        ? "the event store has no schema yet; the command service creates it at its first start"
        : otherwise;
  }

  private static Throwable unavailable(Throwable cause) {
    return cause instanceof Refusal
        ? cause
        : new Refusal(
            ErrorCode.EVENT_STORE_UNAVAILABLE,
            "The event store cannot be read just now; try again after a moment");
  }
}
