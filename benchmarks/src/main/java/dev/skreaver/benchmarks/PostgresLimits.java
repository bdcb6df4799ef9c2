package dev.skreaver.benchmarks;

import dev.skreaver.embedded.Database;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

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

  private static final int ROWS_AT_ONCE = 1_000;
  private static final String AGENT_TABLE =
      "CREATE TABLE benchmark_agent (LIKE read_model.agent_template INCLUDING ALL)";
  private static final String INSERT_AGENTS =
      """
      INSERT INTO benchmark_agent (tenant, agent_id, created_at, agent_type, limits, owner, status,
        status_reason, status_since, name, labels, config, deleted, last_activity, version)
      SELECT ?, agent_id, clock_timestamp(), 'echo', '{"max_concurrent_tasks":10}', 'benchmark',
        'ready', NULL, clock_timestamp(), 'agent ' || agent_id, ?::jsonb, '{}', false,
        clock_timestamp(), 4
      FROM unnest(?) AS new (agent_id)
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

  /**
   * Rows per second into a table like the agents' read model, with its columns and its indexes, by
   * {@code unnest} of 1,000 rows a transaction.
   *
   * @param connections that insert at the same time: as many as a replay has segments
   */
  double batchedInsertsPerSecond(int connections, int rows) {
    try (Connection connection = connect()) {
      connection.createStatement().execute(AGENT_TABLE);
      long begin = System.nanoTime();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        var inserting = new ArrayList<Callable<Integer>>();
        for (int number = 0; number < connections; number++) {
          String tenant = "tenant-" + number;
          inserting.add(() -> insertAgents(tenant, rows / connections));
        }
        int inserted = 0;
        for (Future<Integer> done : threads.invokeAll(inserting)) {
          inserted += done.get();
        }
        return inserted * 1e9 / (System.nanoTime() - begin);
      } finally {
        connection.createStatement().execute("DROP TABLE benchmark_agent");
      }
    } catch (SQLException | ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private int insertAgents(String tenant, int rows) throws SQLException {
    int inserted = 0;
    try (Connection connection = connect();
        PreparedStatement insert = connection.prepareStatement(INSERT_AGENTS)) {
      connection.setAutoCommit(false);
      for (; inserted < rows; inserted += ROWS_AT_ONCE) {
        var ids = new String[ROWS_AT_ONCE];
        Arrays.setAll(ids, _ -> "bench-" + UUID.randomUUID());
        insert.setString(1, tenant);
        insert.setString(2, "{\"" + tenant + "\":{\"team\":\"bench\"}}");
        insert.setArray(3, connection.createArrayOf("text", ids));
        insert.executeUpdate();
        connection.commit();
      }
    }
    return inserted;
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
