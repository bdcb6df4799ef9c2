package dev.skreaver.command.mesh;

import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.RecordedEvent;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * The event store as the relay reads it: over one connection of its own, which also holds the lock
 * that makes this relay the leader. When the connection dies, so does the leadership.
 */
final class StoreTail implements AutoCloseable {
  private static final String LEAD = "SELECT pg_try_advisory_lock(hashtext('skreaver'), 1)";
  private static final String AFTER =
      """
      SELECT e.position, t.name AS tenant, s.key AS agent_id, e.version, e.event_id, y.name AS type,
        y.revision, e.time, e.metadata, e.payload
      FROM (SELECT * FROM event_store.event WHERE position > ? ORDER BY position LIMIT ?) e
      JOIN event_store.stream s ON s.stream_id = e.stream_id
      JOIN event_store.tenant t ON t.tenant_id = e.tenant_id
      JOIN event_store.event_type y ON y.type_id = e.type_id
      ORDER BY e.position
      """;
  private static final String LATEST =
      "SELECT position FROM event_store.recorded_event ORDER BY position DESC OFFSET ? LIMIT 1";
  private static final String EVENT_ID =
      "SELECT event_id FROM event_store.recorded_event WHERE position = ?";

  private final EventFormat format;
  private final Connection connection;
  private final PGConnection notifications;

  /**
   * @param source makes connections that live until they are closed, outside of any pool
   */
  StoreTail(DataSource source, EventFormat format) throws SQLException {
    this.format = format;
    connection = source.getConnection();
    notifications = connection.unwrap(PGConnection.class);
    // So that the server soon gives the lock away when this machine vanishes without a word.
    execute("SET tcp_keepalives_idle = 5");
    execute("SET tcp_keepalives_interval = 2");
    execute("SET tcp_keepalives_count = 3");
    // One plan for all batches, which looks up what belongs to each event and never reads a table:
    // making a plan takes longer than reading a small batch.
    execute("SET plan_cache_mode = force_generic_plan");
    execute("SET enable_hashjoin = off");
    execute("SET enable_mergejoin = off");
  }

  /** Whether this relay is now the leader, until the connection is closed or breaks. */
  boolean lead() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(LEAD)) {
      row.next();
      if (!row.getBoolean(1)) {
        return false;
      }
    }
    execute("LISTEN skreaver_events");
    return true;
  }

  /** The next events in order of position, each with the one before it in {@code previous}. */
  List<RecordedEvent> after(long position, int limit) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(AFTER)) {
      statement.setLong(1, position);
      statement.setInt(2, limit);
      try (ResultSet row = statement.executeQuery()) {
        var events = new ArrayList<RecordedEvent>();
        long previous = position;
        while (row.next()) {
          RecordedEvent event = event(row, previous);
          events.add(event);
          previous = event.position();
        }
        return events;
      }
    }
  }

  private RecordedEvent event(ResultSet row, long previous) throws SQLException {
    return RecordedEvent.stored(
        format,
        row.getLong("position"),
        previous,
        row.getString("tenant"),
        row.getString("agent_id"),
        row.getLong("version"),
        row.getObject("event_id", UUID.class),
        row.getString("type"),
        row.getInt("revision"),
        row.getObject("time", OffsetDateTime.class).toInstant(),
        row.getBytes("metadata"),
        row.getBytes("payload"));
  }

  /** The position of the last event; 0 in an empty store. */
  long head() throws SQLException {
    return before(0);
  }

  /** The position behind which the last so many events lie; 0 if there are not more. */
  long before(int lastEvents) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LATEST)) {
      statement.setInt(1, lastEvents);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getLong(1) : 0;
      }
    }
  }

  /** Null if there is no event at this position. */
  @Nullable UUID eventAt(long position) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(EVENT_ID)) {
      statement.setLong(1, position);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getObject(1, UUID.class) : null;
      }
    }
  }

  /** Waits for the signal that something was committed, which may get lost, or for the limit. */
  void awaitCommit(Duration limit) throws SQLException {
    notifications.getNotifications((int) limit.toMillis());
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
