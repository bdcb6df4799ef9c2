package dev.skreaver.query;

import dev.skreaver.command.store.EventStoreSchema;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.postgresql.ds.PGSimpleDataSource;

/** A database of its own with an event store, written by the store's one append function. */
public final class StoredEvents {
  private static final String METADATA =
      "{\"tenant\":\"acme\",\"subject\":\"ada\",\"authentication\":\"jwt\",\"correlation_id\":\"c1\"}";
  private static final int AT_ONCE = 5_000;

  private final Database database;

  private StoredEvents(Database database) {
    this.database = database;
  }

  public static StoredEvents create() {
    StoredEvents events = withoutSchema();
    events.createSchema();
    return events;
  }

  public static StoredEvents withoutSchema() {
    return new StoredEvents(PostgresServer.shared().freshDatabase());
  }

  public void createSchema() {
    var source = new PGSimpleDataSource();
    source.setUrl(database.jdbcUrl());
    source.setUser(database.user());
    source.setPassword(database.password());
    EventStoreSchema.migrate(source);
  }

  public Database database() {
    return database;
  }

  public Connection connect() throws SQLException {
    return DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
  }

  /** One event to come. */
  public record Draft(String agent, String type, String payload) {
    public static Draft paused(String agent, String reason) {
      return new Draft(
          agent,
          "agent.paused",
          "{\"agent_id\":\"%s\",\"reason\":\"%s\"}".formatted(agent, reason));
    }
  }

  /** Commits the events and tells the readers; returns the last position. */
  public long append(Draft... drafts) throws SQLException {
    return append(List.of(drafts));
  }

  public long append(List<Draft> drafts) throws SQLException {
    try (Connection connection = connect()) {
      long last = append(connection, drafts);
      notifyReaders(connection, last);
      return last;
    }
  }

  public void notifyReaders(Connection connection, long position) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("NOTIFY skreaver_events, '%d'".formatted(position));
    }
  }

  /** In the connection's transaction. */
  public long append(Connection connection, List<Draft> drafts) throws SQLException {
    long last = 0;
    for (int from = 0; from < drafts.size(); from += AT_ONCE) {
      last = appendGroup(connection, drafts.subList(from, Math.min(drafts.size(), from + AT_ONCE)));
    }
    return last;
  }

  private static long appendGroup(Connection connection, List<Draft> drafts) throws SQLException {
    Map<String, long[]> streams = streams(connection);
    var newAgents = new ArrayList<String>();
    var streamIds = new Long[drafts.size()];
    var versions = new Long[drafts.size()];
    var ids = new UUID[drafts.size()];
    var types = new Short[drafts.size()];
    var metadata = new byte[drafts.size()][];
    var hashes = new byte[drafts.size()][];
    var payloads = new byte[drafts.size()][];
    var typeNumbers = new HashMap<String, Short>();
    for (int i = 0; i < drafts.size(); i++) {
      Draft draft = drafts.get(i);
      long[] stream = streams.get(draft.agent);
      if (stream == null) {
        newAgents.add(draft.agent);
        stream = new long[] {-newAgents.size(), 0};
        streams.put(draft.agent, stream);
      }
      streamIds[i] = stream[0];
      versions[i] = stream[1]++;
      ids[i] = UUID.randomUUID();
      if (!typeNumbers.containsKey(draft.type)) {
        typeNumbers.put(
            draft.type,
            (short)
                number(
                    connection,
                    "SELECT event_store.event_type_number('%s', 1::smallint)",
                    draft.type));
      }
      types[i] = typeNumbers.get(draft.type);
      metadata[i] = METADATA.getBytes(StandardCharsets.UTF_8);
      hashes[i] = new byte[32];
      payloads[i] = draft.payload.getBytes(StandardCharsets.UTF_8);
    }
    int tenant = (int) number(connection, "SELECT event_store.tenant_number('%s')", "acme");
    String all = "array_fill(%s, ARRAY[%d])";
    try (PreparedStatement append =
        connection.prepareStatement(
            ("SELECT first_position FROM event_store.append(?, ?, ?, "
                + all.formatted(tenant, drafts.size())
                + ", ?, ?, ?, "
                + all.formatted("(extract(epoch FROM now()) * 1000000)::bigint", drafts.size())
                + ", ?, ?, ?, ?, ?, ?)"))) {
      append.setArray(
          1, connection.createArrayOf("int4", newAgents.stream().map(a -> tenant).toArray()));
      append.setArray(2, connection.createArrayOf("text", newAgents.toArray()));
      append.setArray(3, connection.createArrayOf("int8", streamIds));
      append.setArray(4, connection.createArrayOf("int8", versions));
      append.setArray(5, connection.createArrayOf("uuid", ids));
      append.setArray(6, connection.createArrayOf("int2", types));
      append.setArray(7, bytes(connection, metadata));
      append.setArray(8, bytes(connection, hashes));
      append.setArray(9, bytes(connection, hashes));
      append.setArray(10, bytes(connection, hashes));
      append.setArray(11, bytes(connection, hashes));
      append.setArray(12, bytes(connection, payloads));
      try (ResultSet result = append.executeQuery()) {
        result.next();
        return result.getLong(1) + drafts.size() - 1;
      }
    }
  }

  private static Array bytes(Connection connection, byte[][] values) throws SQLException {
    return connection.createArrayOf("bytea", values);
  }

  private static Map<String, long[]> streams(Connection connection) throws SQLException {
    var streams = new HashMap<String, long[]>();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT s.key, s.stream_id, max(e.version) + 1 FROM event_store.stream s JOIN"
                    + " event_store.event e USING (stream_id) GROUP BY 1, 2")) {
      while (rows.next()) {
        streams.put(rows.getString(1), new long[] {rows.getLong(2), rows.getLong(3)});
      }
    }
    return streams;
  }

  private static long number(Connection connection, String sql, String name) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql.formatted(name))) {
      row.next();
      return row.getLong(1);
    }
  }

  /** One value of the database. */
  public <T> T value(String sql, Class<T> type) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return type.cast(row.getObject(1));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  public void execute(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
