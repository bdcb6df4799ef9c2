package dev.skreaver.command.audit;

import dev.skreaver.api.audit.Checkpoint;
import dev.skreaver.api.audit.CheckpointHead;
import dev.skreaver.api.audit.LogEntry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Events and checkpoints as the sealer reads and writes them: over one connection of its own, which
 * also holds the lock that makes this sealer the only one. When the connection dies, so does that.
 */
final class SealLog implements AutoCloseable {
  private static final String LEAD = "SELECT pg_try_advisory_lock(hashtext('skreaver'), 2)";
  private static final String AFTER =
      """
      SELECT position, time, leaf FROM event_store.event
      WHERE position > ? ORDER BY position LIMIT ?\
      """;
  private static final String ADD =
      """
      INSERT INTO event_store.checkpoint
        (size, previous_size, first_position, position, time, root, frontier, entries, note)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)\
      """;

  private final Connection connection;

  /**
   * @param source makes connections that live until they are closed, outside of any pool
   */
  SealLog(DataSource source) throws SQLException {
    connection = source.getConnection();
    // So that the server soon gives the lock away when this machine vanishes without a word.
    execute("SET tcp_keepalives_idle = 5");
    execute("SET tcp_keepalives_interval = 2");
    execute("SET tcp_keepalives_count = 3");
    // A plan that knows the position walks the index; one for any position may sort the table.
    execute("SET plan_cache_mode = force_custom_plan");
    execute("SET enable_seqscan = off");
  }

  /** Whether this sealer is now the only one, until the connection is closed or breaks. */
  boolean lead() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(LEAD)) {
      row.next();
      return row.getBoolean(1);
    }
  }

  /** The checkpoint to go on from; null before the first. */
  @Nullable Checkpoint last() throws SQLException {
    return Checkpoints.latest(connection);
  }

  /** Of the tree that a checkpoint goes on from. */
  byte[] frontierBefore(Checkpoint checkpoint) throws SQLException {
    return Checkpoints.frontierBefore(connection, checkpoint);
  }

  /** The checkpoint over exactly so many events; null if there is none. */
  @Nullable CheckpointHead over(long size) throws SQLException {
    return Checkpoints.over(connection, size);
  }

  /** The next events, in order of position: whoever has seen a position has seen all before it. */
  List<LogEntry> after(long position, int limit) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(AFTER)) {
      statement.setLong(1, position);
      statement.setInt(2, limit);
      try (ResultSet row = statement.executeQuery()) {
        var entries = new ArrayList<LogEntry>();
        while (row.next()) {
          entries.add(
              LogEntry.of(
                  row.getLong(1),
                  row.getObject(2, OffsetDateTime.class).toInstant(),
                  row.getBytes(3)));
        }
        return entries;
      }
    }
  }

  /** When this returns, it is durable. Fails if another checkpoint follows the same one. */
  void add(Checkpoint checkpoint, long firstPosition, byte[] root) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ADD)) {
      statement.setLong(1, checkpoint.size());
      statement.setLong(2, checkpoint.previousSize());
      statement.setLong(3, firstPosition);
      statement.setLong(4, checkpoint.position());
      statement.setObject(5, checkpoint.time().atOffset(ZoneOffset.UTC));
      statement.setBytes(6, root);
      statement.setBytes(7, checkpoint.frontier());
      statement.setBytes(8, checkpoint.entries());
      statement.setString(9, checkpoint.note());
      statement.executeUpdate();
    }
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
