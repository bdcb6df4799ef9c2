package dev.skreaver.command.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.WeakHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the store behind a connection is the one that this instance knows. A database that was
 * restored from a backup, or that failed over to a server without the last commits, lacks events
 * that are remembered here, and what follows on them would leave a hole. Either breaks all
 * connections, so it is enough to look at each new one.
 *
 * <p>Not all that is remembered is an event of this instance: others' events, numbers and keys may
 * be lost while all its own are there. So a server that was started since counts as another store.
 */
final class StoreRecognition {
  private static final Logger LOG = LoggerFactory.getLogger(StoreRecognition.class);

  /** What is in the archive left the table in order, after it was compared. */
  private static final String HOLDS =
      """
      SELECT 1 FROM event_store.event WHERE position = ? AND event_id = ?
      UNION ALL SELECT 1 FROM event_store.archive WHERE first_position <= ? AND last_position >= ?
      """;

  /** Another one after a restart or a failover, or where the table was made anew. */
  private static final String SERVER =
      """
      SELECT concat_ws('/', pg_postmaster_start_time(),
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        'event_store.event'::regclass::oid)
      """;

  private final Set<PGConnection> recognized =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
  private final List<Runnable> forgetters = new CopyOnWriteArrayList<>();
  private volatile String server;
  private volatile @Nullable Last last;

  /** To be made before anything is remembered. */
  StoreRecognition(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      server = server(connection);
    }
  }

  private record Last(long position, UUID eventId) {}

  /**
   * @param forget is run when the store may have gone back in time: what is remembered of it is
   *     void
   */
  void whenItWentBack(Runnable forget) {
    forgetters.add(forget);
  }

  /** The last event that is durable. */
  void stored(long position, UUID eventId) {
    last = new Last(position, eventId);
  }

  /** False once for a store that may have gone back: all that was remembered is forgotten then. */
  boolean recognizes(Connection connection) throws SQLException {
    PGConnection own = connection.unwrap(PGConnection.class);
    if (recognized.contains(own)) {
      return true;
    }
    String found = server(connection);
    Last known = last;
    if (known != null && !holds(connection, known)) {
      LOG.error(
          "The event store no longer has event {} at position {}, which this instance stored: it"
              + " was restored from a backup, or failed over with a loss. What is remembered of it"
              + " is forgotten",
          known.eventId(),
          known.position());
    } else if (!found.equals(server)) {
      LOG.warn(
          "The server of the event store was restarted, or is another one. What is remembered of it"
              + " is forgotten, because commits of others may be lost");
    } else {
      recognized.add(own);
      return true;
    }
    forgetters.forEach(Runnable::run);
    last = null;
    server = found;
    return false;
  }

  private static String server(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(SERVER);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getString(1);
    }
  }

  private static boolean holds(Connection connection, Last known) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(HOLDS)) {
      statement.setLong(1, known.position());
      statement.setObject(2, known.eventId());
      statement.setLong(3, known.position());
      statement.setLong(4, known.position());
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }
}
