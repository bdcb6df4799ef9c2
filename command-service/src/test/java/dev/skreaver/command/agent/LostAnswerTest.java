package dev.skreaver.command.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Idempotency;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.CommandService;
import dev.skreaver.command.FlakyNetwork;
import dev.skreaver.command.FlakyNetwork.Break;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** The database vanishes in the middle of a command, and comes back. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LostAnswerTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  /** Only the append sends it: what else it sends is sealed. */
  private static final String METADATA = "\"command\":\"pause\"";

  private static Database database;
  private static FlakyNetwork network;
  private static CommandService service;

  @BeforeAll
  static void start() throws Exception {
    database = PostgresServer.shared().freshDatabase();
    network = new FlakyNetwork(database, METADATA);
    service = CommandService.on(network.database());
  }

  @AfterAll
  static void stop() throws Exception {
    service.close();
    network.close();
  }

  @Test
  void a_command_whose_answer_was_lost_was_carried_out_and_its_repeat_is_answered_so()
      throws Exception {
    AgentKey agent = AgentKey.parse("acme/lost-answer");
    Receipt created = service.send(CommandService.create(agent.toString()));
    loses(Break.BEFORE_THE_ANSWER, agent);
    assertThat(pauses(agent)).as("carried out").isEqualTo(1);

    network.mend();
    Receipt repeated = repeat(agent);
    assertThat(repeated.repeated()).isTrue();
    assertThat(repeated.agent().version()).isEqualTo(created.agent().version() + 1);
    assertThat(pauses(agent)).isEqualTo(1);
    assertThat(service.send(new AgentCommand.Resume(agent)).agent().version())
        .isEqualTo(created.agent().version() + 2);
  }

  @Test
  void a_command_that_never_arrived_is_carried_out_by_its_repeat() throws Exception {
    AgentKey agent = AgentKey.parse("acme/lost-command");
    Receipt created = service.send(CommandService.create(agent.toString()));
    loses(Break.BEFORE_THE_APPEND, agent);
    assertThat(pauses(agent)).as("carried out").isZero();

    network.mend();
    Receipt repeated = repeat(agent);
    assertThat(repeated.repeated()).isFalse();
    assertThat(repeated.agent().version()).isEqualTo(created.agent().version() + 1);
    assertThat(pauses(agent)).isEqualTo(1);
  }

  @Test
  void a_command_that_is_refused_because_the_store_is_gone_has_its_id_also_under_a_key() {
    AgentKey agent = AgentKey.parse("acme/of-a-stranger");
    var stranger =
        new Caller(agent.tenant(), "stranger", "jwt", "request-1", "correlation-1", null);
    AgentCommand resume = new AgentCommand.Resume(agent);
    network.breaks(Break.BROKEN);

    assertThat(details(new Request(resume, stranger, null, null))).containsKey("command_id");
    assertThat(
            details(new Request(resume, stranger, null, new Idempotency("resume", "fingerprint"))))
        .containsKey("command_id");

    network.mend();
    await()
        .atMost(LONG)
        .ignoreExceptionsInstanceOf(Refusal.class)
        .untilAsserted(() -> service.send(CommandService.create(agent.toString())));
  }

  private static Map<String, Object> details(Request request) {
    Refusal refusal = catchThrowableOfType(Refusal.class, () -> service.send(request));
    assertThat(refusal.code()).isEqualTo(ErrorCode.EVENT_STORE_UNAVAILABLE);
    return refusal.details();
  }

  private static void loses(Break where, AgentKey agent) {
    network.breaks(where);
    assertThatThrownBy(() -> pause(agent))
        .isInstanceOfSatisfying(
            Refusal.class,
            refusal -> {
              assertThat(refusal.code()).isEqualTo(ErrorCode.EVENT_STORE_UNAVAILABLE);
              assertThat(refusal)
                  .hasMessageContaining("not known whether it was carried out")
                  .hasMessageContaining("repeat it with the same Idempotency-Key");
            });
  }

  /** As a client does it: until it gets an answer. */
  private static Receipt repeat(AgentKey agent) {
    var answer = new AtomicReference<Receipt>();
    await()
        .atMost(LONG)
        .ignoreExceptionsInstanceOf(Refusal.class)
        .untilAsserted(() -> answer.set(pause(agent)));
    return answer.get();
  }

  private static Receipt pause(AgentKey agent) {
    return service.send(
        new AgentCommand.Pause(agent, "a lunch that gets lost"),
        null,
        new Idempotency("pause-" + agent.id(), "fingerprint"));
  }

  private static int pauses(AgentKey agent) throws SQLException {
    try (var connection =
            DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
        var statement =
            connection.prepareStatement(
                "SELECT count(*) FROM event_store.recorded_event WHERE agent_id = ? AND type ="
                    + " 'agent.paused'")) {
      statement.setString(1, agent.id().value());
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }
}
