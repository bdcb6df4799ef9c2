package dev.skreaver.query.projection;

import dev.skreaver.query.postgres.Session;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;

/**
 * The query services that share one read model: who is alive, and how far each has come. They tell
 * each other by notifications, so that a query which waits for a position need not ask the
 * database; a lost one is made up for by the next sign of life, and by the tokens.
 */
final class Instances implements AutoCloseable {
  /** An instance that was not seen for so long has lost its segments. */
  static final Duration LIVENESS = Duration.ofSeconds(5);

  private static final Duration HEARTBEAT = Duration.ofSeconds(1);
  private static final String CHANNEL = "skreaver_projections";
  private static final String REGISTRY_CHANGED = "registry";
  private static final Logger log = LoggerFactory.getLogger(Instances.class);

  private final String id;
  private final String[] handles;
  private final ConnectionFactory dedicated;
  private final Positions positions;
  private final Runnable onRegistryChange;
  private final Set<Generation> advanced = ConcurrentHashMap.newKeySet();
  private final Semaphore wake = new Semaphore(0);
  private volatile boolean registryChanged;
  private volatile int alive = 1;
  private volatile Map<String, Integer> handlers = Map.of();
  private volatile boolean closed;
  private @Nullable Thread thread;

  /**
   * @param dedicated gives the connection that listens; not a pool
   */
  Instances(
      String id,
      Collection<? extends Projection<?>> projections,
      ConnectionFactory dedicated,
      Positions positions,
      Runnable onRegistryChange) {
    this.id = id;
    this.handles = projections.stream().map(Instances::handled).toArray(String[]::new);
    this.dedicated = dedicated;
    this.positions = positions;
    this.onRegistryChange = onRegistryChange;
  }

  /** How many are alive, this one included. */
  int alive() {
    return alive;
  }

  /** A fair share for this instance of so many segments of a generation of the projection. */
  int share(Projection<?> projection, int segments) {
    return Math.ceilDiv(segments, Math.max(1, handlers.getOrDefault(handled(projection), 1)));
  }

  private static String handled(Projection<?> projection) {
    return projection.name() + ":" + projection.version();
  }

  void start() {
    Session.inTransaction(dedicated, this::signOfLife);
    thread = Thread.ofVirtual().name("instances").start(this::run);
  }

  /** Tells the others how far a generation is, soon. */
  void advanced(Generation generation) {
    if (alive > 1 && advanced.add(generation)) {
      wake.release();
    }
  }

  /** Tells the others to look at the registry. */
  void registryChanged() {
    registryChanged = true;
    wake.release();
  }

  @Override
  public void close() {
    closed = true;
    Thread running = thread;
    if (running != null) {
      running.interrupt();
      try {
        running.join(Duration.ofSeconds(10));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    try {
      Session.inTransaction(
          dedicated,
          session -> session.update("DELETE FROM read_model.instance WHERE id = $1", id));
    } catch (RuntimeException e) {
      log.info("Could not sign off from the read model: {}", e.getMessage());
    }
  }

  private void run() {
    while (!closed) {
      try (Session session = Session.open(dedicated)) {
        converse(session);
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        if (closed) {
          return;
        }
        positions.forget();
        log.warn("The read model cannot be reached and is tried again: {}", e.getMessage());
        try {
          Thread.sleep(HEARTBEAT);
        } catch (InterruptedException stopped) {
          return;
        }
      }
    }
  }

  private void converse(Session session) throws InterruptedException {
    var broken = new AtomicBoolean();
    Disposable notifications =
        ((PostgresqlConnection) session.connection())
            .getNotifications()
            .subscribe(
                heard -> hear(Objects.requireNonNullElse(heard.getParameter(), "")),
                failure -> lost(broken),
                () -> lost(broken));
    try {
      session.update("LISTEN " + CHANNEL);
      onRegistryChange.run();
      long next = System.nanoTime();
      while (!closed) {
        if (broken.get()) {
          throw new IllegalStateException("the connection was closed");
        }
        if (System.nanoTime() - next >= 0) {
          signOfLife(session);
          next = System.nanoTime() + HEARTBEAT.toNanos();
        }
        speak(session);
        wake.tryAcquire(Math.max(1, next - System.nanoTime()), TimeUnit.NANOSECONDS);
        wake.drainPermits();
      }
    } finally {
      notifications.dispose();
    }
  }

  /** The server may have crashed; this comes to know of it before it can be asked again. */
  private void lost(AtomicBoolean broken) {
    positions.forget();
    broken.set(true);
    wake.release();
  }

  private int signOfLife(Session session) {
    session.update(
        "INSERT INTO read_model.instance AS i (id, seen_at, handles) VALUES ($1,"
            + " clock_timestamp(), $2) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at,"
            + " handles = excluded.handles",
        id,
        handles);
    session.update(
        "DELETE FROM read_model.instance WHERE seen_at < clock_timestamp() - interval '1 minute'");
    record Handlers(String handled, int instances) {}
    handlers =
        session
            .rows(
                "SELECT handled, count(*)::int FROM read_model.instance, unnest(handles) AS handled"
                    + " WHERE seen_at > clock_timestamp() - $1 * interval '1 second' GROUP BY 1",
                row ->
                    new Handlers(
                        Objects.requireNonNull(row.get(0, String.class)),
                        Objects.requireNonNull(row.get(1, Integer.class))),
                LIVENESS.toSeconds())
            .stream()
            .collect(Collectors.toMap(Handlers::handled, Handlers::instances));
    alive =
        session
            .rows(
                "SELECT count(*)::int FROM read_model.instance WHERE seen_at > clock_timestamp() -"
                    + " $1 * interval '1 second'",
                row -> Objects.requireNonNull(row.get(0, Integer.class)),
                LIVENESS.toSeconds())
            .getFirst();
    if (alive > 1) {
      advanced.addAll(positions.open());
    }
    return alive;
  }

  private void speak(Session session) {
    if (registryChanged) {
      registryChanged = false;
      tell(session, REGISTRY_CHANGED);
    }
    for (Iterator<Generation> each = advanced.iterator(); each.hasNext(); ) {
      Generation generation = each.next();
      each.remove();
      Progress progress = positions.find(generation);
      if (progress != null) {
        String handled =
            Arrays.stream(progress.handled())
                .mapToObj(Long::toString)
                .collect(Collectors.joining(","));
        tell(session, generation + " " + handled);
      }
    }
  }

  private void tell(Session session, String what) {
    session.rows("SELECT pg_notify($1, $2)", row -> 1, CHANNEL, id + " " + what);
  }

  /** Must not wait: it runs on the driver's thread. */
  private void hear(String message) {
    int epoch = positions.epoch();
    String[] parts = message.split(" ", -1);
    if (parts.length < 2 || parts[0].equals(id)) {
      return;
    }
    if (parts[1].equals(REGISTRY_CHANGED)) {
      onRegistryChange.run();
      return;
    }
    Progress progress = positions.find(Generation.parse(parts[1]));
    if (progress != null && parts.length == 3) {
      String[] handled = parts[2].split(",", -1);
      for (int segment = 0; segment < handled.length; segment++) {
        progress.learned(epoch, segment, Long.parseLong(handled[segment]));
      }
    }
  }
}
