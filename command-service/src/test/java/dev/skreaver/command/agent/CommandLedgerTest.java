package dev.skreaver.command.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Idempotency;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.CommandService;
import dev.skreaver.command.store.OpenedTexts;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import javax.sql.DataSource;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** What stays of a command, whatever came of it. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class CommandLedgerTest {
  private static CommandService service;
  private static CommandService other;

  @BeforeAll
  static void startTwoInstances() {
    Database database = PostgresServer.shared().freshDatabase();
    service = CommandService.on(database);
    other = CommandService.on(database);
  }

  @AfterAll
  static void stop() {
    service.close();
    other.close();
  }

  @Test
  void an_accepted_command_is_told_of_by_its_events_alone() throws SQLException {
    Receipt created = service.send(CommandService.create("acme/accepted"));

    assertThat(
            lines(
                """
                SELECT concat_ws(' ', type, convert_from(metadata, 'UTF8')::json ->> 'command',
                  convert_from(metadata, 'UTF8')::json ->> 'command_id')
                FROM event_store.recorded_event WHERE agent_id = 'accepted' ORDER BY version
                """))
        .containsExactly(
            "agent.created create " + created.commandId(),
            "agent.started create " + created.commandId());
    assertThat(entries("accepted")).isEmpty();
  }

  @Test
  void a_refused_command_is_written_down_with_its_reason_and_its_error() throws SQLException {
    service.send(CommandService.create("acme/refused"));
    AgentKey agent = AgentKey.parse("acme/refused");
    service.send(new AgentCommand.Pause(agent, "first"));

    Refusal refusal = refusal(() -> service.send(new AgentCommand.Pause(agent, "second")));

    assertThat(entries("refused"))
        .containsExactly("refused pause illegal_transition second " + id(refusal));
    assertThat(
            lines(
                """
                SELECT concat_ws(' ', tenant, subject, authentication, request_id, correlation_id,
                  causation_id IS NULL, idempotency_key IS NULL, repeats IS NULL)
                FROM event_store.recorded_command WHERE agent_id = 'refused'
                """))
        .containsExactly("acme ada jwt request-1 correlation-1 t t t");
  }

  @Test
  void a_command_to_an_agent_that_is_not_there_is_a_command_too() throws SQLException {
    Refusal absent =
        refusal(() -> service.send(new AgentCommand.Resume(AgentKey.parse("acme/absent"))));
    Refusal foreign =
        refusal(
            () ->
                service.send(
                    new Request(
                        new AgentCommand.Delete(AgentKey.parse("acme/foreign")),
                        CommandService.caller(AgentKey.parse("umbrella/foreign")),
                        null,
                        null)));

    assertThat(entries("absent")).containsExactly("refused resume agent_not_found " + id(absent));
    assertThat(entries("foreign")).containsExactly("refused delete agent_not_found " + id(foreign));
    assertThat(lines("SELECT tenant FROM event_store.recorded_command WHERE agent_id = 'foreign'"))
        .containsExactly("umbrella");
  }

  @Test
  void a_command_that_changed_nothing_is_written_down() throws SQLException {
    service.send(CommandService.create("acme/same"));
    Receipt same =
        service.send(
            new AgentCommand.Update(AgentKey.parse("acme/same"), Map.of("name", "worker")));

    assertThat(entries("same")).containsExactly("unchanged update " + same.commandId());
  }

  @Test
  void each_repeat_is_written_down_with_the_command_that_it_repeats() throws SQLException {
    var key = new Idempotency("repeat", "fingerprint");
    Receipt first = service.send(CommandService.create("acme/repeated"), null, key);
    Receipt again = service.send(CommandService.create("acme/repeated"), null, key);
    Receipt elsewhere = other.send(CommandService.create("acme/repeated"), null, key);

    assertThat(entries("repeated"))
        .containsExactly(
            "repeated create " + again.commandId() + " of " + first.commandId(),
            "repeated create " + elsewhere.commandId() + " of " + first.commandId());
  }

  @Test
  void a_refusal_that_is_kept_is_repeated_under_ids_of_their_own() throws SQLException {
    AgentCommand resume = new AgentCommand.Resume(AgentKey.parse("acme/stubborn"));
    var key = new Idempotency("stubborn", "fingerprint");
    service.send(CommandService.create("acme/stubborn"));

    Refusal first = refusal(() -> service.send(resume, null, key));
    Refusal again = refusal(() -> other.send(resume, null, key));

    assertThat(entries("stubborn"))
        .containsExactly(
            "refused resume illegal_transition " + id(first),
            "repeated resume " + id(again) + " of " + id(first));
  }

  @Test
  void a_key_that_is_used_for_something_else_is_a_refused_command() throws SQLException {
    service.send(CommandService.create("acme/reused"), null, new Idempotency("reused", "one"));
    Refusal refusal =
        refusal(
            () ->
                other.send(
                    CommandService.create("acme/reused"), null, new Idempotency("reused", "two")));

    assertThat(entries("reused"))
        .containsExactly("refused create idempotency_key_reused " + id(refusal));
  }

  @Test
  void what_no_database_could_hold_is_written_down_as_far_as_it_can() throws SQLException {
    service.send(CommandService.create("acme/strange"));
    AgentKey agent = AgentKey.parse("acme/strange");
    Caller strange = new Caller(agent.tenant(), "a\0da", "jwt", "request-1", "correlation-1", null);

    refusal(
        () ->
            service.send(
                new Request(
                    new AgentCommand.Pause(agent, "\0\ud800" + "x".repeat(5_000)),
                    strange,
                    null,
                    null)));

    assertThat(
            lines(
                """
                SELECT concat_ws(' ', subject, reason)
                FROM event_store.recorded_command WHERE agent_id = 'strange'
                """))
        .containsExactly("a\0da \ufffd\ufffd" + "x".repeat(998));
  }

  @Test
  void under_load_every_command_without_events_is_written_down_once_and_in_order()
      throws SQLException {
    AgentKey agent = AgentKey.parse("acme/busy");
    service.send(CommandService.create("acme/busy"));
    var answers = new ArrayList<CompletableFuture<Receipt>>();
    for (int i = 0; i < 60; i++) {
      CommandService instance = i % 2 == 0 ? service : other;
      answers.add(
          instance.begin(
              i % 3 == 0
                  ? CommandService.create("acme/busy-" + i)
                  : new AgentCommand.Resume(agent)));
    }
    var refused = new HashSet<Object>();
    for (CompletableFuture<Receipt> answer : answers) {
      try {
        answer.join();
      } catch (CompletionException e) {
        refused.add(((Refusal) Objects.requireNonNull(e.getCause())).details().get("command_id"));
      }
    }

    assertThat(refused).hasSize(40);
    assertThat(lines("SELECT command_id FROM event_store.recorded_command WHERE agent_id = 'busy'"))
        .hasSize(40)
        .allMatch(refused::contains);
    assertThat(
            lines(
                """
                SELECT bool_and(position >= before) FROM (SELECT position,
                  lag(position, 1, 0::bigint) OVER (ORDER BY number) AS before
                  FROM event_store.recorded_command) AS ordered
                """))
        .containsExactly("t");
  }

  @Test
  void nothing_of_a_command_can_be_changed_but_its_reason_erased() throws SQLException {
    AgentKey agent = AgentKey.parse("acme/written");
    refusal(() -> service.send(new AgentCommand.Pause(agent, "my name is Ada")));
    for (String change :
        new String[] {
          "UPDATE event_store.command_ledger SET subject = 'eve'",
          "UPDATE event_store.command_ledger SET reason = 'other' WHERE agent_id = 'written'",
          "DELETE FROM event_store.command_ledger",
          "TRUNCATE event_store.command_ledger"
        }) {
      assertThatThrownBy(() -> lines(change)).hasMessageContaining("only the reason can be erased");
    }

    lines("UPDATE event_store.command_ledger SET reason = NULL WHERE agent_id = 'written'");

    assertThat(
            lines(
                "SELECT reason IS NULL FROM event_store.recorded_command WHERE agent_id ="
                    + " 'written'"))
        .containsExactly("t");
  }

  private static Refusal refusal(ThrowingCallable command) {
    return catchThrowableOfType(Refusal.class, command);
  }

  private static String id(Refusal refusal) {
    return String.valueOf(refusal.details().get("command_id"));
  }

  private static List<String> entries(String agent) throws SQLException {
    return lines(
        """
        SELECT concat_ws(' ', outcome, command, error, reason, command_id, 'of ' || repeats)
        FROM event_store.recorded_command WHERE agent_id = '%s' ORDER BY number
        """
            .formatted(agent));
  }

  private static List<String> lines(String query) throws SQLException {
    var lines = new ArrayList<String>();
    try (var connection = service.bean(DataSource.class).getConnection();
        var statement = connection.createStatement()) {
      if (statement.execute(query)) {
        ResultSet result = statement.getResultSet();
        while (result.next()) {
          lines.add(OpenedTexts.in(connection, result.getString(1)));
        }
      }
    }
    return lines;
  }
}
