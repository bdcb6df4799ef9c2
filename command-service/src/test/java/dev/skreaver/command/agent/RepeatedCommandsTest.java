package dev.skreaver.command.agent;

import static dev.skreaver.command.agent.AgentCommandsTest.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Idempotency;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.command.CommandService;
import dev.skreaver.command.store.CommandReceipts;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RepeatedCommandsTest {
  private static Database database;
  private static CommandService service;
  private static CommandService other;

  @BeforeAll
  static void startTwoInstances() {
    database = PostgresServer.shared().freshDatabase();
    service = CommandService.on(database);
    other = CommandService.on(database);
  }

  @AfterAll
  static void stop() {
    service.close();
    other.close();
  }

  @Test
  void a_repeat_is_answered_as_the_first_time() throws Exception {
    AgentCommand create = CommandService.create("acme/repeat");
    Receipt first = service.send(create, null, key("repeat"));
    Receipt again = service.send(create, null, key("repeat"));
    assertThat(first.repeated()).isFalse();
    assertThat(again).isEqualTo(repeatOf(first, again));
    assertThat(events("repeat")).isEqualTo(2);
  }

  /** The same answer to another command. */
  private static Receipt repeatOf(Receipt first, Receipt again) {
    assertThat(again.commandId()).isNotNull().isNotEqualTo(first.commandId());
    return new Receipt(first.agent(), first.position(), true, again.commandId());
  }

  @Test
  void another_instance_answers_a_repeat_just_so() throws Exception {
    AgentKey agent = AgentKey.parse("acme/elsewhere");
    service.send(CommandService.create("acme/elsewhere"));
    Receipt paused = service.send(new AgentCommand.Pause(agent, "once"), null, key("elsewhere"));
    service.send(new AgentCommand.Resume(agent));
    Receipt again = other.send(new AgentCommand.Pause(agent, "once"), null, key("elsewhere"));
    assertThat(again).isEqualTo(repeatOf(paused, again));
    assertThat(events("elsewhere")).isEqualTo(4);
  }

  @Test
  void a_restarted_service_answers_a_repeat_just_so() {
    AgentCommand create = CommandService.create("acme/restart");
    Receipt first;
    try (CommandService before = CommandService.on(database)) {
      first = before.send(create, null, key("restart"));
    }
    try (CommandService after = CommandService.on(database)) {
      Receipt again = after.send(create, null, key("restart"));
      assertThat(again).isEqualTo(repeatOf(first, again));
    }
  }

  @Test
  void a_refusal_is_an_answer_too() {
    AgentKey agent = AgentKey.parse("acme/refused");
    AgentCommand resume = new AgentCommand.Resume(agent);
    service.send(CommandService.create("acme/refused"));
    assertRefused(() -> service.send(resume, null, key("refused")), ErrorCode.ILLEGAL_TRANSITION);
    service.send(new AgentCommand.Pause(agent, "now it could be resumed"));
    assertRefused(() -> service.send(resume, null, key("refused")), ErrorCode.ILLEGAL_TRANSITION);
    assertRefused(() -> other.send(resume, null, key("refused")), ErrorCode.ILLEGAL_TRANSITION);
  }

  @Test
  void an_id_that_is_taken_does_not_use_the_key_up() {
    service.send(CommandService.create("acme/taken"));
    assertRefused(
        () -> service.send(CommandService.create("acme/taken"), null, key("draw")),
        ErrorCode.AGENT_ALREADY_EXISTS);

    Receipt drawn = service.send(CommandService.create("acme/drawn"), null, key("draw"));

    assertThat(drawn.repeated()).isFalse();
    assertThat(drawn.agent().agentId()).hasToString("drawn");
  }

  @Test
  void a_command_that_changed_nothing_is_not_carried_out_by_a_repeat() {
    AgentKey agent = AgentKey.parse("acme/idle");
    AgentCommand rename = new AgentCommand.Update(agent, Map.of("name", "worker"));
    service.send(CommandService.create("acme/idle"));
    Receipt first = service.send(rename, null, key("idle"));
    service.send(new AgentCommand.Update(agent, Map.of("name", "changed")));
    Receipt again = other.send(rename, null, key("idle"));
    assertThat(again).isEqualTo(repeatOf(first, again));
  }

  @Test
  void a_key_cannot_be_used_for_another_request() {
    service.send(CommandService.create("acme/reused"), null, key("reused"));
    for (CommandService instance : List.of(service, other)) {
      assertRefused(
          () ->
              instance.send(
                  CommandService.create("acme/reused-2"),
                  null,
                  new Idempotency("reused", "another fingerprint")),
          ErrorCode.IDEMPOTENCY_KEY_REUSED);
    }
  }

  @Test
  void a_key_belongs_to_its_subject() {
    AgentCommand create = CommandService.create("acme/subject");
    service.send(create, null, key("subject"));
    Caller eve = new Caller(create.agent().tenant(), "eve", "jwt", "r", "c", null);
    assertRefused(
        () -> service.send(new Request(create, eve, null, key("subject"))),
        ErrorCode.AGENT_ALREADY_EXISTS);
  }

  @Test
  void of_many_at_the_same_time_exactly_one_is_carried_out() throws Exception {
    AgentCommand create = CommandService.create("acme/race");
    List<CompletableFuture<Receipt>> answers =
        IntStream.range(0, 32)
            .mapToObj(
                i ->
                    (i % 2 == 0 ? service : other)
                        .begin(
                            new Request(
                                create, CommandService.caller(create.agent()), null, key("race"))))
            .toList();
    List<Receipt> receipts = answers.stream().map(CompletableFuture::join).toList();
    assertThat(receipts).filteredOn(receipt -> !receipt.repeated()).hasSize(1);
    assertThat(receipts.stream().map(Receipt::position)).containsOnly(receipts.get(0).position());
    assertThat(events("race")).isEqualTo(2);
  }

  @Test
  void a_repeat_in_vain_fails_no_other_command() {
    List<CompletableFuture<Receipt>> answers =
        IntStream.range(0, 64)
            .mapToObj(
                i -> {
                  AgentCommand create = CommandService.create("acme/mixed-" + i);
                  return (i % 2 == 0 ? service : other)
                      .begin(
                          new Request(
                              create,
                              CommandService.caller(create.agent()),
                              null,
                              key("mixed-" + i % 60)));
                })
            .toList();
    assertThat(answers.stream().map(CompletableFuture::join)).hasSize(64);
  }

  @Test
  void an_expired_key_can_be_used_again_and_is_purged() throws Exception {
    AgentKey agent = AgentKey.parse("acme/expired");
    service.send(CommandService.create("acme/expired"));
    service.send(new AgentCommand.Pause(agent, "once"), null, key("expired"));
    service.send(new AgentCommand.Resume(agent));
    expire("expired");
    try (CommandService later = CommandService.on(database)) {
      assertThat(later.send(new AgentCommand.Pause(agent, "once"), null, key("expired")).repeated())
          .isFalse();
    }
    expire("expired");
    assertThat(service.bean(CommandReceipts.class).purge()).isEqualTo(1);
  }

  @Test
  void a_key_expires_also_where_it_was_repeated_shortly_before() throws Exception {
    AgentKey agent = AgentKey.parse("acme/late");
    AgentCommand pause = new AgentCommand.Pause(agent, "once");
    service.send(CommandService.create("acme/late"));
    service.send(pause, null, key("late"));
    service.send(new AgentCommand.Resume(agent));
    age("late", 23);
    assertThat(other.send(pause, null, key("late")).repeated()).isTrue();

    age("late", 2);

    assertThat(other.send(pause, null, key("late")).repeated()).isFalse();
  }

  private static Idempotency key(String key) {
    return new Idempotency(key, "fingerprint");
  }

  private static int events(String agent) throws SQLException {
    try (var connection =
            DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
        var statement =
            connection.prepareStatement(
                "SELECT count(*) FROM event_store.recorded_event WHERE agent_id = ?")) {
      statement.setString(1, agent);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }

  private static void expire(String key) throws SQLException {
    age(key, 25);
  }

  private static void age(String key, int hours) throws SQLException {
    try (var connection =
            DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
        var statement =
            connection.prepareStatement(
                "UPDATE event_store.command_receipt"
                    + " SET created_at = created_at - make_interval(hours => ?) WHERE key = ?")) {
      statement.setInt(1, hours);
      statement.setString(2, key);
      assertThat(statement.executeUpdate()).isEqualTo(1);
    }
  }
}
