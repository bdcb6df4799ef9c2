package dev.skreaver.command.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.CommandService;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** A failover loses what an instance has seen, but not the last event that it stored itself. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LostTailTest {
  private static final AgentKey AGENT = AgentKey.parse("acme/restored");
  private static final AgentCommand.Update SAME =
      new AgentCommand.Update(AGENT, Map.of("name", "worker"));

  private static PostgresServer server;
  private Database database;

  @BeforeAll
  static void startServer() {
    server = PostgresServer.throwAway();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void createDatabase() {
    database = server.freshDatabase();
  }

  @Test
  void what_followed_an_event_of_another_instance_leaves_no_hole() throws SQLException {
    try (CommandService service = CommandService.on(database)) {
      long own = service.send(CommandService.create("acme/own")).position();
      try (CommandService other = CommandService.on(database)) {
        other.send(CommandService.create(AGENT.toString()));
        own = service.send(new AgentCommand.Pause(AgentKey.parse("acme/own"), "x")).position();
        other.send(new AgentCommand.Pause(AGENT, "lost"));
        assertThat(service.send(SAME).agent().version()).isEqualTo(2);
      }
      failOverLosing("position > " + own);

      untilTheStoreIsThere(() -> service.send(new AgentCommand.Stop(AGENT, "again")));

      assertThat(
              texts("SELECT version FROM event_store.recorded_event WHERE agent_id = 'restored'"))
          .containsExactly("0", "1", "2");
    }
  }

  @Test
  void the_number_of_a_tenant_that_was_lost_is_not_used_for_another_one() throws SQLException {
    try (CommandService service = CommandService.on(database)) {
      long own = service.send(CommandService.create("acme/own")).position();
      assertThatThrownBy(
              () -> service.send(new AgentCommand.Resume(AgentKey.parse("initech/none"))))
          .isInstanceOf(Refusal.class);
      failOverLosing("position > " + own);
      execute("DELETE FROM event_store.subject_key WHERE tenant_id > 1");
      execute("DELETE FROM event_store.tenant WHERE tenant_id > 1");
      execute("SELECT setval('event_store.tenant_tenant_id_seq', 1)");
      try (CommandService other = CommandService.on(database)) {
        other.send(CommandService.create("globex/stranger"));
      }

      untilTheStoreIsThere(() -> service.send(CommandService.create("initech/secret")));

      assertThat(
              texts(
                  "SELECT DISTINCT tenant FROM event_store.recorded_event WHERE agent_id ="
                      + " 'secret'"))
          .containsExactly("initech");
    }
  }

  @Test
  void nothing_is_sealed_under_a_key_that_was_lost() throws SQLException {
    AgentKey owned = AgentKey.parse("acme/own");
    try (CommandService service = CommandService.on(database)) {
      service.send(CommandService.create(owned.toString()));
      service.bean(PostgresEventStorageEngine.class).subjects().actor("acme", "grace");
      execute(
          "DELETE FROM event_store.subject_key WHERE created_at ="
              + " (SELECT max(created_at) FROM event_store.subject_key)");

      service.send(
          new Request(
              new AgentCommand.Pause(owned, "important reason"),
              new Caller(owned.tenant(), "grace", "jwt", "request-1", "correlation-1", null),
              null,
              null));
    }
    try (CommandService later = CommandService.on(database)) {
      assertThat(
              later
                  .send(new AgentCommand.Update(owned, Map.of("name", "worker")))
                  .agent()
                  .statusReason())
          .isEqualTo("important reason");
    }
  }

  private static Receipt untilTheStoreIsThere(Callable<Receipt> command) {
    return await()
        .atMost(Duration.ofMinutes(1))
        .ignoreExceptionsInstanceOf(Refusal.class)
        .until(command, receipt -> true);
  }

  private void failOverLosing(String rows) throws SQLException {
    for (String table : List.of("event", "command_receipt", "command_ledger")) {
      execute("DELETE FROM event_store.%s WHERE %s".formatted(table, rows));
    }
    execute(
        "DELETE FROM event_store.stream WHERE stream_id NOT IN (SELECT stream_id FROM"
            + " event_store.event)");
    execute(
        "SELECT setval('event_store.event_position', (SELECT max(position) FROM"
            + " event_store.event))");
    server.stop();
    server.start();
  }

  /** What triggers would refuse. */
  private void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        var statement = connection.createStatement()) {
      statement.execute("SET session_replication_role = replica");
      statement.execute(sql);
    }
  }

  private List<String> texts(String query) throws SQLException {
    var found = new ArrayList<String>();
    try (Connection connection = connect();
        var statement = connection.createStatement();
        var row = statement.executeQuery(query)) {
      while (row.next()) {
        found.add(row.getString(1));
      }
    }
    return found;
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
  }
}
