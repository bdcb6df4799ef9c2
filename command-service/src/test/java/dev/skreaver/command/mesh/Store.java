package dev.skreaver.command.mesh;

import dev.skreaver.command.store.EventStoreSchema;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A fresh event store in a real PostgreSQL, with events that mean nothing. */
final class Store {
  private static final String APPEND =
      """
      SELECT event_store.append(
        ARRAY[event_store.tenant_number('acme')], ARRAY[gen_random_uuid()::text],
        ARRAY[-1::bigint], ARRAY[event_store.tenant_number('acme')], ARRAY[0::bigint],
        ARRAY[gen_random_uuid()],
        ARRAY[event_store.event_type_number('%2$s', 1::smallint)],
        ARRAY[1772366400123456],
        ARRAY[convert_to('{"tenant":"acme","subject":"ada","authentication":"jwt"}', 'UTF8')],
        ARRAY[sha256('p')], ARRAY[sha256('q')], ARRAY[sha256('r')], ARRAY['salt'::bytea],
        ARRAY[convert_to('{"agent_id":"a1","%3$s":"' || n || '"}', 'UTF8')])
      FROM generate_series(1, %1$d) AS n
      """;

  private final PGSimpleDataSource source = new PGSimpleDataSource();

  private Store(Database database) {
    source.setURL(database.jdbcUrl());
    source.setUser(database.user());
    source.setPassword(database.password());
    source.setApplicationName(database.name());
    EventStoreSchema.migrate(source);
  }

  static Store fresh() {
    return new Store(PostgresServer.shared().freshDatabase());
  }

  DataSource source() {
    return source;
  }

  /** An event whose only other member says 1. */
  void append(String type, String member) {
    execute(APPEND.formatted(1, type, member));
    execute("NOTIFY skreaver_events");
  }

  /** In one transaction, and with the signal that follows a commit. */
  void append(int events) {
    execute(APPEND.formatted(events, "agent.paused", "reason"));
    execute("NOTIFY skreaver_events");
  }

  void appendWithoutSignal(int events) {
    execute(APPEND.formatted(events, "agent.paused", "reason"));
  }

  /** Takes positions that no event gets. */
  void leaveAHole() {
    execute("SELECT nextval('event_store.event_position')");
  }

  List<Long> positions() {
    var positions = new ArrayList<Long>();
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT position FROM event_store.recorded_event ORDER BY position")) {
      while (row.next()) {
        positions.add(row.getLong(1));
      }
      return positions;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Cuts the connection of the relay that leads, as the server sees a dead client. */
  void killLeader() {
    execute(
        """
        SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 2
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """);
  }

  private void execute(String sql) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
