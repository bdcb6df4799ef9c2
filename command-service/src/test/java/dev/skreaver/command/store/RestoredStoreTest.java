package dev.skreaver.command.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Idempotency;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.CommandService;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/**
 * What {@code pg_dump} and {@code pg_restore} do to the event store: every table by {@code COPY},
 * every sequence by {@code setval}. The programs themselves do not come with the server for tests.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@ExtendWith(OutputCaptureExtension.class)
class RestoredStoreTest {
  private static final AgentKey AGENT = AgentKey.parse("acme/restored");
  private static final List<String> SEQUENCES =
      List.of(
          "event_position",
          "stream_number",
          "tenant_tenant_id_seq",
          "event_type_type_id_seq",
          "command_ledger_number_seq");

  private static final String TABLES =
      """
      SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'event_store' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relname NOT IN ('flyway_schema_history', 'partition')
      ORDER BY 1
      """;

  /** They are definitions, which come before all rows. */
  private static final String PARTITIONS =
      """
      SELECT format('SELECT event_store.make_partition(%s, %s)', first_position, last_position)
      FROM event_store.partition ORDER BY first_position
      """;

  /** Events without the one before them in their stream. */
  private static final String HOLES =
      """
      SELECT e.position FROM event_store.event e
      LEFT JOIN event_store.event b ON b.stream_id = e.stream_id AND b.version = e.version - 1
        AND b.leaf = e.previous_leaf
      WHERE e.version > 0 AND b.position IS NULL
      """;

  enum Sequences {
    RESTORED,
    FORGOTTEN,
    FROM_AN_OLDER_DUMP
  }

  @ParameterizedTest
  @EnumSource
  void a_restored_store_goes_on_after_its_last_position_and_no_cursor_loses_its_meaning(
      Sequences sequences, CapturedOutput output) throws Exception {
    Database original = PostgresServer.shared().freshDatabase();
    Receipt last;
    try (CommandService service = CommandService.on(original)) {
      service.send(CommandService.create("acme/other"));
      service.send(CommandService.create("acme/restored"));
      last = service.send(new AgentCommand.Pause(AGENT, "before"), null, key("pause"));
    }
    Database restored = restore(original, sequences);
    List<String> before = events(original);

    try (CommandService service = CommandService.on(restored)) {
      assertThat(events(restored)).isEqualTo(before);
      Receipt again = service.send(new AgentCommand.Pause(AGENT, "before"), null, key("pause"));
      assertThat(again.agent()).isEqualTo(last.agent());
      assertThat(again.position()).isEqualTo(last.position());
      assertThat(again.repeated()).isTrue();

      Receipt resumed = service.send(new AgentCommand.Resume(AGENT));
      assertThat(resumed.position()).isGreaterThan(last.position());
      assertThat(resumed.agent().version()).isEqualTo(last.agent().version() + 1);
      Receipt created = service.send(CommandService.create("globex/new"));
      assertThat(created.position()).isGreaterThan(resumed.position());
      assertThat(events(restored))
          .startsWith(before.toArray(String[]::new))
          .hasSize(before.size() + 3);
    }
    if (sequences == Sequences.RESTORED) {
      assertThat(output.getOut()).doesNotContain("was behind the rows");
    } else {
      assertThat(output.getOut())
          .contains("the sequence event_store.event_position was behind the rows");
    }
  }

  @Test
  void a_service_that_goes_on_after_a_restore_forgets_what_the_store_does_not_have()
      throws Exception {
    Database database = PostgresServer.shared().freshDatabase();
    try (CommandService service = CommandService.on(database)) {
      Receipt created = service.send(CommandService.create("acme/restored"));
      service.send(new AgentCommand.Pause(AGENT, "lost"), null, key("pause"));
      service.send(CommandService.create("acme/lost"));
      goBack(database, created.position());

      Receipt paused =
          untilTheStoreIsThere(
              () -> service.send(new AgentCommand.Pause(AGENT, "again"), null, key("pause")));
      assertThat(paused.repeated()).isFalse();
      assertThat(paused.agent().version()).isEqualTo(created.agent().version() + 1);
      assertThat(paused.agent().statusReason()).isEqualTo("again");
      assertThat(service.send(CommandService.create("acme/lost")).agent().version()).isEqualTo(1);
      assertThat(service.send(CommandService.create("globex/first")).agent().version())
          .isEqualTo(1);
    }
    try (Connection connection = connect(database)) {
      assertThat(texts(connection, HOLES)).isEmpty();
      assertThat(texts(connection, "SELECT agent_id FROM event_store.recorded_event")).hasSize(7);
    }
  }

  /** What a restore of an earlier backup leaves, and none of the connections of before. */
  private static void goBack(Database database, long position) throws SQLException {
    try (Connection connection = connect(database);
        var statement = connection.createStatement()) {
      statement.execute("SET session_replication_role = replica"); // triggers do not fire
      for (String table : List.of("event", "command_receipt")) {
        statement.execute(
            "DELETE FROM event_store.%s WHERE position > %d".formatted(table, position));
      }
      statement.execute(
          "DELETE FROM event_store.stream WHERE stream_id NOT IN (SELECT stream_id FROM"
              + " event_store.event)");
      statement.execute("SELECT setval('event_store.event_position', %d)".formatted(position));
      statement.execute("SELECT setval('event_store.stream_number', 1)");
      statement.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
              + " current_database() AND pid <> pg_backend_pid()");
    }
  }

  private static Receipt untilTheStoreIsThere(Callable<Receipt> command) {
    return await()
        .atMost(Duration.ofMinutes(1))
        .ignoreExceptionsInstanceOf(Refusal.class)
        .until(command, receipt -> true);
  }

  @Test
  void a_sequence_that_is_ahead_is_left_alone() throws Exception {
    Database database = PostgresServer.shared().freshDatabase();
    try (CommandService service = CommandService.on(database)) {
      service.send(CommandService.create("acme/restored"));
    }
    execute(database, "SELECT setval('event_store.event_position', 5000)");
    try (CommandService service = CommandService.on(database)) {
      assertThat(service.send(new AgentCommand.Pause(AGENT, "later")).position()).isEqualTo(5001);
    }
  }

  private static Idempotency key(String key) {
    return new Idempotency(key, key);
  }

  private static Database restore(Database original, Sequences sequences) throws Exception {
    Database restored = PostgresServer.shared().freshDatabase();
    try (var schema = EventStoreDatabase.pool(restored)) {
      EventStoreSchema.migrate(schema);
    }
    try (Connection from = connect(original);
        Connection to = connect(restored)) {
      for (String partition : texts(from, PARTITIONS)) {
        texts(to, partition);
      }
      for (String table : texts(from, TABLES)) {
        copy(from, to, "event_store." + table);
      }
      for (String sequence : SEQUENCES) {
        String state =
            texts(from, "SELECT last_value || ',' || is_called FROM event_store." + sequence)
                .getFirst();
        switch (sequences) {
          case RESTORED ->
              texts(to, "SELECT setval('event_store.%s', %s)".formatted(sequence, state));
          case FROM_AN_OLDER_DUMP ->
              texts(to, "SELECT setval('event_store.%s', 1, true)".formatted(sequence));
          case FORGOTTEN -> {}
        }
      }
    }
    return restored;
  }

  private static void copy(Connection from, Connection to, String table)
      throws SQLException, IOException {
    var rows = new ByteArrayOutputStream();
    from.unwrap(PGConnection.class)
        .getCopyAPI()
        .copyOut("COPY (SELECT * FROM %s) TO STDOUT".formatted(table), rows);
    to.unwrap(PGConnection.class)
        .getCopyAPI()
        .copyIn(
            "COPY %s FROM STDIN".formatted(table), new ByteArrayInputStream(rows.toByteArray()));
  }

  private static List<String> events(Database database) throws SQLException {
    try (Connection connection = connect(database)) {
      return texts(
          connection, "SELECT r::text FROM event_store.recorded_event AS r ORDER BY position");
    }
  }

  private static void execute(Database database, String sql) throws SQLException {
    try (Connection connection = connect(database)) {
      texts(connection, sql);
    }
  }

  private static List<String> texts(Connection connection, String query) throws SQLException {
    var found = new ArrayList<String>();
    try (var statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      while (row.next()) {
        found.add(row.getString(1));
      }
    }
    return found;
  }

  private static Connection connect(Database database) throws SQLException {
    return DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
  }
}
