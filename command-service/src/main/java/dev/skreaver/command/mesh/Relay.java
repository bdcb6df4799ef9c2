package dev.skreaver.command.mesh;

import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventMesh;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.command.store.SubjectKeys;
import io.lettuce.core.RedisException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Copies committed events in order of position into Redis. Among all instances of the command
 * service one leads and writes, the others stand by and look every second whether it is gone.
 *
 * <p>It keeps no position of its own: Redis's last id is where it goes on. So a Redis that was
 * down, wiped or restored from an old dump gets what is missing. It works on one thread and one
 * database connection of its own, and never slows an append.
 */
final class Relay implements SmartLifecycle {
  private static final Logger log = LoggerFactory.getLogger(Relay.class);
  private static final int BATCH = 500;
  private static final Duration POLL = Duration.ofSeconds(1);

  /** Without Redis for this long, let another instance try: it may still reach it. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Duration STEP_BACK = Duration.ofSeconds(3);

  /**
   * The first event after a rest is written at once, the next ones after this time together: a
   * batch costs far more than one event more in it.
   */
  private static final Duration PACE = Duration.ofMillis(4);

  private final DataSource source;
  private final EventFormat format;
  private final MeshStream stream;
  private final SubjectKeys subjects;
  private final RelaySettings settings;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread;

  private volatile Status status = new Status(false, false, 0, 0);
  private @Nullable String storeFailure;
  private @Nullable String meshFailure;
  private long meshFailedAt;

  /**
   * @param source makes connections that live until they are closed, outside of any pool
   */
  Relay(
      DataSource source,
      EventFormat format,
      MeshStream stream,
      SubjectKeys subjects,
      RelaySettings settings) {
    this.source = source;
    this.format = format;
    this.stream = stream;
    this.subjects = subjects;
    this.settings = settings;
    this.thread = Thread.ofPlatform().name("mesh-relay").daemon().unstarted(this::run);
  }

  @Override
  public void start() {
    thread.start();
  }

  @Override
  public boolean isRunning() {
    return thread.isAlive();
  }

  Status status() {
    return status;
  }

  /** Stops writing, and gives the leadership up. */
  @Override
  public void stop() {
    stopped.countDown();
    try {
      thread.join(POLL.multipliedBy(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (running()) {
      try {
        lead();
        // Not before the leadership is given up: this is the time to take it.
        pause(STEP_BACK);
      } catch (SQLException e) {
        if (storeFailure == null) {
          log.warn("The relay has no event store, will try again: {}", e.getMessage());
        }
        storeFailure = e.getMessage();
        pause(POLL);
      } catch (RuntimeException e) {
        log.error("The relay failed, will start again", e);
        pause(POLL);
      }
      status = new Status(false, status.connected(), status.position(), status.head());
    }
  }

  /** Waits until it can lead. Returns as {@link #relay} does, and leads no more. */
  private void lead() throws SQLException {
    try (var store = new StoreTail(source, format)) {
      while (running() && !store.lead()) {
        status = new Status(false, status.connected(), status.position(), status.head());
        pause(POLL);
      }
      if (running()) {
        storeFailure = null;
        if (meshFailure == null) {
          log.info("This instance relays events to Redis from now on");
        }
        relay(store);
      }
    }
    status = new Status(false, status.connected(), status.position(), status.head());
  }

  /** Returns when stopped, or when Redis was out of reach for too long. */
  private void relay(StoreTail store) throws SQLException {
    // Whoever leads anew has its patience anew, also while Redis is still away.
    meshFailedAt = System.nanoTime();
    Cursor cursor = null;
    long earliest = System.nanoTime();
    while (running()) {
      List<RecordedEvent> batch = List.of();
      LockSupport.parkNanos(earliest - System.nanoTime());
      earliest = System.nanoTime() + PACE.toNanos();
      try {
        if (cursor == null) {
          cursor = resume(store);
        }
        batch = store.after(cursor.position(), BATCH);
        if (isErased(cursor, batch)) {
          cursor = startAnew(store, cursor.lastId());
          continue;
        }
        cursor = append(cursor, subjects.open(batch));
        if (cursor == null) {
          continue;
        }
        reached(store, cursor.position(), batch.size() == BATCH);
      } catch (RedisException e) {
        cursor = null;
        if (lost(store, e)) {
          return;
        }
      }
      if (batch.size() < BATCH || cursor == null) {
        store.awaitCommit(POLL);
      }
    }
  }

  /** Whether Redis holds what an event of the batch says is erased. */
  private static boolean isErased(Cursor cursor, List<RecordedEvent> batch) {
    return batch.stream()
        .anyMatch(
            event ->
                event.position() > cursor.erasedUpTo()
                    && event.type().equals(EventCatalog.SUBJECT_ERASED.wireName()));
  }

  private Cursor startAnew(StoreTail store, String lastId) throws SQLException {
    stream.delete(lastId);
    return rewrite(store);
  }

  /** Null if the stream was not where it was believed to be. */
  private @Nullable Cursor append(Cursor cursor, List<RecordedEvent> batch) {
    String written = stream.append(cursor.lastId(), batch);
    Cursor expected =
        batch.isEmpty()
            ? cursor
            : new Cursor(
                EventMesh.id(batch.getLast().position()),
                batch.getLast().position(),
                cursor.erasedUpTo());
    if (written.equals(expected.lastId())) {
      return expected;
    }
    log.warn(
        "Redis has '{}' as last event instead of '{}': it was wiped or restored, or another"
            + " instance relays",
        written,
        cursor.lastId());
    return null;
  }

  private Cursor resume(StoreTail store) throws SQLException {
    String lastId = stream.lastId();
    if (lastId.equals(MeshStream.NONE)) {
      return rewrite(store);
    }
    MeshStream.Entry entry = stream.lastEntry();
    if (!agrees(store, lastId, entry)) {
      log.error(
          "Redis holds events that the event store does not have (last id {}, the store ends at"
              + " {}): was the database restored from a backup? The stream is written anew",
          lastId,
          store.head());
      return startAnew(store, lastId);
    }
    long position = EventMesh.position(lastId);
    if (position < store.before(settings.maxLength())) {
      log.warn("Redis ends at {}, which is further back than it keeps: starting it anew", position);
      return startAnew(store, lastId);
    }
    return new Cursor(lastId, position, position);
  }

  private Cursor rewrite(StoreTail store) throws SQLException {
    long head = store.head();
    subjects.forget();
    long position = store.before(settings.rewriteLength());
    log.info("Redis has no events: writing those after {} again", position);
    return new Cursor(MeshStream.NONE, position, head);
  }

  /** Whether what Redis says it holds last is what the store has at these positions. */
  private static boolean agrees(StoreTail store, String lastId, MeshStream.@Nullable Entry entry)
      throws SQLException {
    try {
      if (EventMesh.position(lastId) > store.head()) {
        return false;
      }
      return entry == null
          || (entry.eventId() != null
              && entry.eventId().equals(store.eventAt(EventMesh.position(entry.id()))));
    } catch (IllegalArgumentException foreignId) {
      return false;
    }
  }

  private void reached(StoreTail store, long position, boolean more) throws SQLException {
    if (meshFailure != null || !status.connected()) {
      log.info("Redis is connected, events are relayed up to {}", position);
      warnIfRedisEvicts();
    }
    meshFailure = null;
    meshFailedAt = 0;
    status = new Status(true, true, position, more ? Math.max(position, store.head()) : position);
  }

  private void warnIfRedisEvicts() {
    String policy = stream.evictionPolicy();
    if (policy != null && !policy.equals("noeviction")) {
      log.warn(
          "Redis has maxmemory-policy {}: when it is full it may drop all events at once, and"
              + " gateways fall back to the database. Set it to noeviction",
          policy);
    }
  }

  /** Whether it is gone for so long that another instance should try. */
  private boolean lost(StoreTail store, RedisException e) throws SQLException {
    if (meshFailure == null) {
      log.warn("Redis cannot be written to, will try again: {}", e.getMessage());
      meshFailedAt = System.nanoTime();
    }
    meshFailure = String.valueOf(e.getMessage());
    stream.disconnect();
    status = new Status(true, false, status.position(), store.head());
    return System.nanoTime() - meshFailedAt > PATIENCE.toNanos();
  }

  private boolean running() {
    return stopped.getCount() > 0;
  }

  private void pause(Duration time) {
    try {
      stopped.await(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped.countDown();
    }
  }

  /**
   * @param lastId of the stream in Redis
   * @param position the events after it come next
   * @param erasedUpTo what erasures up to here erased is not in Redis; it could be by those behind
   */
  private record Cursor(String lastId, long position, long erasedUpTo) {}

  /**
   * @param leading whether this instance is the one that writes
   * @param connected whether Redis took the last write
   * @param position of the last event that Redis has
   * @param head the event store's last position when last seen
   */
  record Status(boolean leading, boolean connected, long position, long head) {
    /** By how many positions Redis is behind. */
    long lag() {
      return Math.max(0, head - position);
    }
  }
}
