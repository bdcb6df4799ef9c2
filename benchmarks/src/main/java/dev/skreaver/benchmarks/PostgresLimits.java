package dev.skreaver.benchmarks;

import dev.skreaver.embedded.Database;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What the same PostgreSQL gives without us: the limits that the other figures are held against.
 */
final class PostgresLimits {
  private static final int ROUND_TRIPS = 5_000;
  private static final String TABLE =
      """
      CREATE TABLE IF NOT EXISTS benchmark_row (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        stream text NOT NULL,
        version bigint NOT NULL,
        event_id uuid NOT NULL,
        payload bytea NOT NULL,
        UNIQUE (stream, version))
      """;

  private final Database database;

  PostgresLimits(Database database) {
    this.database = database;
  }

  /**
   * As pgbench would: every client has a connection of its own and commits one prepared insert of
   * one event-shaped row at a time.
   */
  Figure singleRowCommits(Load load) {
    var connections = new ConcurrentLinkedQueue<Connection>();
    try (Connection connection = connect()) {
      connection.createStatement().execute(TABLE);
      double rate =
          load.perSecond(
              number -> {
                Connection own = connect();
                connections.add(own);
                return inserts(own, UUID.randomUUID().toString());
              });
      connection.createStatement().execute("DROP TABLE benchmark_row");
      return Figure.limit("postgres.single-row-commits", rate, "1/s");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    } finally {
      connections.forEach(PostgresLimits::close);
    }
  }

  private static Load.Caller inserts(Connection connection, String stream) throws SQLException {
    PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO benchmark_row (stream, version, event_id, payload) VALUES (?, ?, ?, ?)");
    byte[] payload = new byte[200];
    var version = new long[1];
    return () -> {
      insert.setString(1, stream);
      insert.setLong(2, version[0]++);
      insert.setObject(3, UUID.randomUUID());
      insert.setBytes(4, payload);
      insert.executeUpdate();
    };
  }

  /** The median of one empty prepared query on an idle connection. */
  Figure roundTrip() {
    var latencies = new Latencies();
    try (Connection connection = connect();
        PreparedStatement query = connection.prepareStatement("SELECT 1")) {
      for (int i = 0; i < ROUND_TRIPS; i++) {
        long from = System.nanoTime();
        query.executeQuery().close();
        if (i >= ROUND_TRIPS / 5) {
          latencies.add(System.nanoTime() - from);
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return latencies.median("postgres.round-trip");
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
  }

  private static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
