package dev.skreaver.command.store;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sequences, each of which must be beyond all numbers that are in use. One that a restore left
 * behind would give the next events positions among those that readers have passed: nobody would
 * ever see them.
 */
final class StoreSequences {
  private static final Logger LOG = LoggerFactory.getLogger(StoreSequences.class);

  /** Nobody appends meanwhile: as in {@code event_store.append}. */
  private static final String APPEND_LOCK = "SELECT pg_advisory_xact_lock(8316866916622165362)";

  private static final List<Numbers> ALL =
      List.of(
          new Numbers("event_position", "event", "position"),
          new Numbers("stream_number", "stream", "stream_id"),
          new Numbers("tenant_tenant_id_seq", "tenant", "tenant_id"),
          new Numbers("event_type_type_id_seq", "event_type", "type_id"),
          new Numbers("command_ledger_number_seq", "command_ledger", "number"));

  private StoreSequences() {}

  private record Numbers(String sequence, String table, String column) {
    /** The greatest number in use, if the sequence would give it, or a lower one, again. */
    String behind() {
      return """
      SELECT used.last FROM (SELECT max(%s) AS last FROM event_store.%s) AS used,
        event_store.%s AS drawn
      WHERE used.last >= drawn.last_value + drawn.is_called::int\
      """
          .formatted(column, table, sequence);
    }

    String repair() {
      return "SELECT setval('event_store.%s', last) FROM (%s) AS behind"
          .formatted(sequence, behind());
    }
  }

  /** Brings forward what is behind. */
  static void repair(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      for (Numbers numbers : ALL) {
        if (isThere(connection, numbers.behind())) {
          repair(connection, numbers);
        }
      }
    }
  }

  private static void repair(Connection connection, Numbers numbers) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute(APPEND_LOCK);
      try (ResultSet repaired = statement.executeQuery(numbers.repair())) {
        if (repaired.next()) {
          LOG.warn(
              "the sequence event_store.{} was behind the rows of event_store.{}, as after a"
                  + " restore without its state; it goes on after {}",
              numbers.sequence,
              numbers.table,
              repaired.getLong(1));
        }
      }
      connection.commit();
    } finally {
      connection.setAutoCommit(true);
    }
  }

  private static boolean isThere(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      return row.next();
    }
  }
}
