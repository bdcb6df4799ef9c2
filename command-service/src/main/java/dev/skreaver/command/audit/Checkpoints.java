package dev.skreaver.command.audit;

import dev.skreaver.api.audit.Checkpoint;
import dev.skreaver.api.audit.CheckpointHead;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads {@code event_store.checkpoint}. */
final class Checkpoints {
  private static final String COLUMNS =
      "SELECT size, previous_size, position, frontier, entries, note, time"
          + " FROM event_store.checkpoint ";
  private static final String LATEST = COLUMNS + "ORDER BY size DESC LIMIT 1";
  private static final String FRONTIER =
      "SELECT frontier FROM event_store.checkpoint WHERE size = ?";
  private static final String LAST = COLUMNS + "WHERE position <= ? ORDER BY position DESC LIMIT 1";
  private static final String COVERING = COLUMNS + "WHERE position >= ? ORDER BY position LIMIT 1";
  private static final String OVER =
      "SELECT size, position, note, time FROM event_store.checkpoint WHERE size = ?";
  private static final String AFTER =
      COLUMNS + "WHERE size > ? AND size <= ? ORDER BY size LIMIT ?";

  private Checkpoints() {}

  /** The one over most events, wherever it says that it ends; null before the first. */
  static @Nullable Checkpoint latest(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LATEST);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? checkpoint(row) : null;
    }
  }

  /** Of the tree that a checkpoint goes on from; empty if that one is not there. */
  static byte[] frontierBefore(Connection connection, Checkpoint checkpoint) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(FRONTIER)) {
      statement.setLong(1, checkpoint.previousSize());
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getBytes(1) : new byte[0];
      }
    }
  }

  /** The last one that covers no event behind this position; null if there is none. */
  static @Nullable Checkpoint last(Connection connection, long position) throws SQLException {
    return at(connection, LAST, position);
  }

  /** The first one that covers this position; null if none does yet. */
  static @Nullable Checkpoint covering(Connection connection, long position) throws SQLException {
    return at(connection, COVERING, position);
  }

  private static @Nullable Checkpoint at(Connection connection, String query, long position)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(query)) {
      statement.setLong(1, position);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? checkpoint(row) : null;
      }
    }
  }

  /** The one over exactly so many events; null if there is none. */
  static @Nullable CheckpointHead over(Connection connection, long size) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(OVER)) {
      statement.setLong(1, size);
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? new CheckpointHead(
                row.getLong("size"),
                row.getLong("position"),
                row.getString("note"),
                row.getObject("time", OffsetDateTime.class).toInstant())
            : null;
      }
    }
  }

  /** The next ones by size. */
  static List<Checkpoint> after(Connection connection, long size, long throughSize, int limit)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(AFTER)) {
      statement.setLong(1, size);
      statement.setLong(2, throughSize);
      statement.setInt(3, limit);
      try (ResultSet row = statement.executeQuery()) {
        var checkpoints = new ArrayList<Checkpoint>();
        while (row.next()) {
          checkpoints.add(checkpoint(row));
        }
        return checkpoints;
      }
    }
  }

  private static Checkpoint checkpoint(ResultSet row) throws SQLException {
    return new Checkpoint(
        row.getLong("size"),
        row.getLong("previous_size"),
        row.getLong("position"),
        row.getBytes("frontier"),
        row.getBytes("entries"),
        row.getString("note"),
        row.getObject("time", OffsetDateTime.class).toInstant());
  }
}
