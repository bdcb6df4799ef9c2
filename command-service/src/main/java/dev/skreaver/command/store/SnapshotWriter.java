package dev.skreaver.command.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes snapshots in the background, a few at once. One that fails is only missed. */
final class SnapshotWriter {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotWriter.class);
  private static final int AT_ONCE = 2;

  /** It may be lost in a crash, so its commit need not wait for the disk. */
  private static final String WRITE =
      """
      INSERT INTO event_store.snapshot AS kept
        (stream_id, version, position, leaf, schema, state)
      SELECT ?, ?, ?, ?, ?, ? FROM (SELECT set_config('synchronous_commit', 'off', true)) AS quick
      ON CONFLICT (stream_id) DO UPDATE SET version = excluded.version,
        position = excluded.position, leaf = excluded.leaf, schema = excluded.schema,
        state = excluded.state, taken_at = excluded.taken_at
      WHERE kept.version < excluded.version OR kept.version = excluded.version
        AND (kept.schema, kept.state) IS DISTINCT FROM (excluded.schema, excluded.state)
      """;

  private final DataSource dataSource;
  private final Semaphore places = new Semaphore(AT_ONCE);

  SnapshotWriter(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  /**
   * @param state as it was at the head
   * @return false if too many are being written
   */
  boolean write(StreamHead head, String schema, Supplier<byte[]> state) {
    if (!places.tryAcquire()) {
      return false;
    }
    Thread.ofVirtual()
        .name("snapshot")
        .start(
            () -> {
              try {
                insert(head, schema, state.get());
              } catch (SQLException | RuntimeException e) {
                LOG.warn("a snapshot could not be written: {}", e.getMessage());
              } finally {
                places.release();
              }
            });
    return true;
  }

  void insert(StreamHead head, String schema, byte[] state) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(WRITE)) {
      statement.setLong(1, head.streamId());
      statement.setLong(2, head.version());
      statement.setLong(3, head.position());
      statement.setBytes(4, head.leaf());
      statement.setString(5, schema);
      statement.setBytes(6, state);
      statement.executeUpdate();
    }
  }

  /** Waits for what is being written. */
  void close() {
    places.acquireUninterruptibly(AT_ONCE);
  }
}
