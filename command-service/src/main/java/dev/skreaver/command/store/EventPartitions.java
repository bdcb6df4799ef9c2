package dev.skreaver.command.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the event table's partitions ahead of need, so that no append has to. There is always room
 * for as many events as one partition takes. Any number of instances may do it at once.
 */
final class EventPartitions implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EventPartitions.class);
  private static final long LOOK_SECONDS = 60;

  private final DataSource dataSource;
  private final long size;
  private final ScheduledExecutorService looks =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofVirtual().name("event-partitions").factory());

  /**
   * @param size how many positions a new partition has
   */
  EventPartitions(DataSource dataSource, long size) {
    this.dataSource = dataSource;
    this.size = size;
  }

  /**
   * Makes room now and looks again every minute.
   *
   * @throws SQLException if it could not be made
   */
  EventPartitions start() throws SQLException {
    makeRoom();
    ScheduledFuture<?> _ =
        looks.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    return this;
  }

  /** Whether a partition was made. */
  boolean makeRoom() throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement("SELECT event_store.make_room_ahead(?)")) {
      statement.setLong(1, size);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        boolean made = row.getBoolean(1);
        if (made) {
          LOG.info("a partition for the next {} events was made", size);
        }
        return made;
      }
    }
  }

  private void look() {
    try {
      makeRoom();
    } catch (SQLException | RuntimeException e) {
      LOG.warn("no partition could be made ahead, the next look is soon: {}", e.getMessage());
    }
  }

  @Override
  public void close() {
    looks.shutdownNow();
  }
}
