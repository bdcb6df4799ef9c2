package dev.skreaver.query.agent;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentQueries.Found;
import dev.skreaver.api.agent.AgentQueries.GetAt;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventQueries.After;
import dev.skreaver.query.fixture.CommandNode;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More questions about the past than the query service has connections to the event store. */
class BusyPastTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final int QUESTIONS = 20;
  private static final int CONNECTIONS = 4;

  @Test
  @Timeout(120)
  void leave_the_present_its_connections_and_are_refused_when_they_have_waited_too_long()
      throws SQLException {
    try (Stores stores = Stores.start();
        CommandNode commands = CommandNode.start(stores);
        QueryNode node = QueryNode.start(stores);
        Connection holder = stores.connect()) {
      holder.setAutoCommit(false);
      try (Statement statement = holder.createStatement()) {
        // Who asks for an agent without events is held up here, with a connection.
        statement.execute("LOCK TABLE event_store.archived_stream IN ACCESS EXCLUSIVE MODE");
      }
      var questions =
          IntStream.range(0, QUESTIONS)
              .mapToObj(number -> ask(node.agents(), "unknown-" + number))
              .toList();
      await().atMost(LONG).until(() -> heldUp(stores) == CONNECTIONS);

      AgentKey meanwhile = agent(ACME, "meanwhile");
      var type = AgentType.BuiltIn.ECHO;
      var spec = new AgentSpec(type, null, Map.of(), Map.of(), AgentLimits.defaultsFor(type));
      long position =
          commands.send(new AgentCommand.Create(meanwhile, spec), "ada", "c").position();
      Found found = node.agents().get(new AgentQueries.Get(meanwhile, position)).block(LONG);
      assertThat(Objects.requireNonNull(found).agent().agentId()).isEqualTo(meanwhile.id());
      assertThat(node.events().history(new After(ACME, null, 0, 10)).block(LONG)).isNotNull();
      assertThat(heldUp(stores)).as("connections that they still hold").isEqualTo(CONNECTIONS);

      await().atMost(LONG).until(() -> questions.stream().anyMatch(CompletableFuture::isDone));
      holder.rollback();
      assertThat(questions.stream().map(CompletableFuture::join))
          .extracting(Refusal::code)
          .contains(ErrorCode.EVENT_STORE_UNAVAILABLE, ErrorCode.AGENT_NOT_FOUND)
          .containsOnly(ErrorCode.EVENT_STORE_UNAVAILABLE, ErrorCode.AGENT_NOT_FOUND);
      assertThat(questions.stream().map(CompletableFuture::join))
          .filteredOn(refusal -> refusal.code() == ErrorCode.EVENT_STORE_UNAVAILABLE)
          .extracting(Refusal::getMessage)
          .allMatch(message -> message.contains("Too many ask about the past"));
    }
  }

  private static long heldUp(Stores stores) {
    return stores.number(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            + " AND datname = current_database()");
  }

  /** What it is refused with. */
  private static CompletableFuture<Refusal> ask(AgentQueries queries, String agent) {
    return queries
        .at(new GetAt(agent(ACME, agent), null, Instant.EPOCH))
        .toFuture()
        .handle((found, failure) -> (Refusal) Objects.requireNonNull(failure));
  }
}
