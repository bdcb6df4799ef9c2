package dev.skreaver.query;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.embedded.PostgresServer;
import dev.skreaver.query.fixture.Ask;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class OutageTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  @Test
  void without_a_database_queries_are_refused_and_with_it_answered_again() {
    try (PostgresServer server = PostgresServer.throwAway();
        Stores stores = Stores.start(server);
        QueryNode node = QueryNode.start(stores)) {
      AgentKey agent = agent(ACME, "survivor");
      stores.append(agent, Stamp.at(Instant.parse("2026-03-01T12:00:00Z")), created(agent));
      node.catchUp();
      var get = node.agents().get(new AgentQueries.Get(agent, null));
      var list = node.agents().list(Ask.all(ACME));
      var at = node.agents().at(new AgentQueries.GetAt(agent, 1L, null));
      var history = node.events().history(new EventQueries.After(ACME, null, 0, 10));
      var search =
          node.events()
              .search(
                  new EventQueries.Search(
                      ACME, null, List.of(), null, null, null, null, 0, 10, null));
      server.stop();

      assertRefused(get, ErrorCode.READ_MODEL_UNAVAILABLE);
      assertRefused(list, ErrorCode.READ_MODEL_UNAVAILABLE);
      assertRefused(search, ErrorCode.READ_MODEL_UNAVAILABLE);
      assertRefused(at, ErrorCode.EVENT_STORE_UNAVAILABLE);
      assertRefused(history, ErrorCode.EVENT_STORE_UNAVAILABLE);

      server.start();
      for (Mono<?> query : List.of(get, list, search, at, history)) {
        await()
            .atMost(LONG)
            .ignoreExceptions()
            .untilAsserted(() -> assertThat(query.block(LONG)).isNotNull());
      }
    }
  }

  @Test
  void without_a_database_readiness_tells_nobody_where_it_is() {
    try (PostgresServer server = PostgresServer.throwAway();
        Stores stores = Stores.start(server);
        QueryNode node = QueryNode.start(stores)) {
      node.catchUp();

      server.stop();

      for (String component : List.of("projections", "event_tail")) {
        await()
            .atMost(LONG)
            .untilAsserted(
                () -> assertThat(node.unready(component)).endsWith(" cannot be reached"));
      }
    }
  }

  @Test
  void without_a_database_no_read_model_is_said_to_lack_all_events() {
    try (PostgresServer server = PostgresServer.throwAway();
        Stores stores = Stores.start(server);
        QueryNode node = QueryNode.start(stores)) {
      AgentKey agent = agent(ACME, "survivor");
      stores.append(agent, Stamp.at(Instant.parse("2026-03-01T12:00:00Z")), created(agent));
      node.catchUp();

      server.stop();

      await()
          .atMost(LONG)
          .untilAsserted(() -> assertThat(node.metric("skreaver.projection.lag", "agent")).isNaN());
      assertThat(node.metric("skreaver.projection.position", "agent")).isNaN();

      server.start();
      await()
          .atMost(LONG)
          .untilAsserted(
              () -> assertThat(node.metric("skreaver.projection.lag", "agent")).isZero());
    }
  }

  @Test
  void connections_that_the_server_closed_while_they_were_idle_refuse_nobody() {
    try (Stores stores = Stores.start();
        QueryNode node = QueryNode.start(stores)) {
      AgentKey agent = agent(ACME, "survivor");
      stores.append(agent, Stamp.at(Instant.parse("2026-03-01T12:00:00Z")), created(agent));
      node.catchUp();
      var at = node.agents().at(new AgentQueries.GetAt(agent, 1L, null));
      var history = node.events().history(new EventQueries.After(ACME, null, 0, 10));
      var list = node.agents().list(Ask.all(ACME));
      // Many at once: so each pool has several connections.
      Flux.range(0, 40).flatMap(n -> Mono.when(at, history, list), 40).blockLast(LONG);

      stores.number(
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
              + " datname = current_database() AND application_name LIKE 'skreaver-query%'");
      stores.append(
          agent,
          Stamp.at(Instant.parse("2026-03-01T12:00:01Z")),
          new AgentEvent.Started(agent.id()));
      node.catchUp();

      for (Mono<?> query : List.of(at, history, list)) {
        for (int i = 0; i < 10; i++) {
          assertThat(query.block(LONG)).isNotNull();
        }
      }
    }
  }

  private static void assertRefused(Mono<?> query, ErrorCode code) {
    assertThatThrownBy(() -> query.block(LONG))
        .asInstanceOf(type(Refusal.class))
        .extracting(Refusal::code)
        .isEqualTo(code);
  }
}
