package dev.skreaver.command.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wakes the readers in all processes after a commit, by {@code NOTIFY skreaver_events,
 * '<position>'}. It never holds up a commit: what is committed while a notification is under way is
 * told by the next one. Readers look by themselves now and then, so a lost one costs only time.
 */
final class CommitSignal implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CommitSignal.class);

  private final DataSource dataSource;
  private final AtomicLong committed = new AtomicLong();
  private final Thread thread;
  private volatile boolean closed;

  CommitSignal(DataSource dataSource) {
    this.dataSource = dataSource;
    this.thread = Thread.ofVirtual().name("commit-signal").start(this::run);
  }

  void committed(long position) {
    if (committed.accumulateAndGet(position, Math::max) == position) {
      LockSupport.unpark(thread);
    }
  }

  private void run() {
    long told = 0;
    while (!closed) {
      long position = committed.get();
      if (position > told) {
        notify(position);
        told = position;
      } else {
        LockSupport.park(this);
      }
    }
  }

  private void notify(long position) {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      try (PreparedStatement statement =
          connection.prepareStatement(
              // The notification need not survive a crash, so its commit need not wait for the
              // disk.
              "SELECT set_config('synchronous_commit', 'off', true),"
                  + " pg_notify('skreaver_events', ?)")) {
        statement.setString(1, Long.toString(position));
        statement.execute();
        connection.commit();
      } finally {
        connection.setAutoCommit(true);
      }
    } catch (SQLException e) {
      LOG.warn("readers were not woken for position {}: {}", position, e.getMessage());
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
