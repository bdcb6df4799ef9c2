package dev.skreaver.query.agent;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.GLOBEX;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentQueries.Found;
import dev.skreaver.api.agent.AgentQueries.GetAt;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.query.fixture.Lives;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PastAgentTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private static Stores stores;
  private static QueryNode node;
  private static AgentQueries queries;

  @BeforeAll
  static void start() {
    stores = Stores.start();
    node = QueryNode.start(stores);
    queries = node.agents();
  }

  @AfterAll
  static void stop() {
    node.close();
    stores.close();
  }

  @Test
  void an_agent_is_shown_as_it_was_at_each_of_its_positions() {
    var random = new Random(3);
    for (int i = 0; i < 10; i++) {
      AgentKey agent = agent(ACME, "past-" + i);
      AgentView view = null;
      var expected = new ArrayList<Found>();
      for (AgentEvent event : Lives.random(agent, random, 6)) {
        Instant time = NOON.plusSeconds(expected.size());
        long position = stores.append(agent, Stamp.at(time), event);
        view = AgentView.after(view, event, time, expected.size());
        expected.add(new Found(view, position));
      }
      for (Found found : expected) {
        if (found.agent().deleted()) {
          assertNotFound(new GetAt(agent, found.position(), null));
        } else {
          assertThat(at(agent, found.position(), null)).isEqualTo(found);
        }
      }
    }
  }

  @Test
  void between_two_of_its_events_an_agent_stays_as_it_was() {
    AgentKey agent = agent(ACME, "between");
    AgentKey other = agent(ACME, "between-other");
    stores.append(agent, Stamp.at(NOON), created(agent));
    long between = stores.append(other, Stamp.at(NOON), created(other));
    stores.append(agent, Stamp.at(NOON), new AgentEvent.Started(agent.id()));

    Found found = at(agent, between, null);
    assertThat(found.agent().status()).isEqualTo(AgentStatus.INITIALIZING);
    assertThat(found.position()).isEqualTo(between);
  }

  @Test
  void a_time_shows_what_was_recorded_up_to_it_and_answers_with_its_position() {
    AgentKey agent = agent(ACME, "time");
    stores.append(agent, Stamp.at(NOON), created(agent));
    long started =
        stores.append(agent, Stamp.at(NOON.plusSeconds(2)), new AgentEvent.Started(agent.id()));
    stores.append(agent, Stamp.at(NOON.plusSeconds(4)), new AgentEvent.Paused(agent.id(), "lunch"));

    assertNotFound(new GetAt(agent, null, NOON.minusNanos(1000)));
    assertThat(at(agent, null, NOON).agent().status()).isEqualTo(AgentStatus.INITIALIZING);
    assertThat(at(agent, null, NOON.plusSeconds(3)))
        .isEqualTo(at(agent, started, null))
        .extracting(found -> found.agent().status())
        .isEqualTo(AgentStatus.READY);
    assertThat(at(agent, null, NOON.plusSeconds(60)).agent().status())
        .isEqualTo(AgentStatus.PAUSED);
  }

  @Test
  void a_clock_that_went_back_does_not_tear_the_history_apart() {
    AgentKey agent = agent(ACME, "clock");
    stores.append(agent, Stamp.at(NOON), created(agent));
    stores.append(agent, Stamp.at(NOON.plusSeconds(9)), new AgentEvent.Started(agent.id()));
    stores.append(
        agent, Stamp.at(NOON.plusSeconds(1)), new AgentEvent.Paused(agent.id(), "earlier?"));

    assertThat(at(agent, null, NOON.plusSeconds(5)).agent().status())
        .isEqualTo(AgentStatus.INITIALIZING);
    assertThat(at(agent, null, NOON.plusSeconds(9)).agent().status()).isEqualTo(AgentStatus.PAUSED);
  }

  @Test
  void another_tenants_agent_of_that_id_has_no_past() {
    AgentKey agent = agent(ACME, "mine");
    long position = stores.append(agent, Stamp.at(NOON), created(agent));

    assertNotFound(new GetAt(agent(GLOBEX, "mine"), position, null));
  }

  @Test
  void a_position_that_is_not_there_yet_is_refused() {
    AgentKey agent = agent(ACME, "future");
    long position = stores.append(agent, Stamp.at(NOON), created(agent));

    assertRefused(new GetAt(agent, position + 1000, null), ErrorCode.INVALID_INPUT);
  }

  @Test
  void exactly_one_possible_point_must_be_given() {
    AgentKey agent = agent(ACME, "point");

    assertRefused(new GetAt(agent, null, null), ErrorCode.INVALID_INPUT);
    assertRefused(new GetAt(agent, 1L, NOON), ErrorCode.INVALID_INPUT);
    assertRefused(new GetAt(agent, -1L, null), ErrorCode.INVALID_INPUT);
    assertRefused(new GetAt(agent, null, Instant.MAX), ErrorCode.INVALID_INPUT);
    assertRefused(new GetAt(agent, null, Instant.MIN), ErrorCode.INVALID_INPUT);
  }

  @Test
  void a_past_that_was_erased_cannot_be_shown() {
    AgentKey agent = agent(ACME, "erased");
    var positions = new ArrayList<Long>();
    for (AgentEvent event :
        List.of(
            created(agent),
            new AgentEvent.Updated(agent.id(), "secret", java.util.Map.of(), java.util.Map.of()),
            new AgentEvent.Started(agent.id()),
            new AgentEvent.Deleted(agent.id()))) {
      positions.add(stores.append(agent, Stamp.at(NOON), event));
    }
    stores.sql(
        "UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position = "
            + positions.get(1));

    assertThat(at(agent, positions.get(0), null).agent().version()).isZero();
    assertRefused(new GetAt(agent, positions.get(1), null), ErrorCode.POSITION_NOT_KEPT);
    assertRefused(new GetAt(agent, positions.get(2), null), ErrorCode.POSITION_NOT_KEPT);
    assertNotFound(new GetAt(agent, positions.get(3), null));
  }

  private static Found at(AgentKey agent, @Nullable Long position, @Nullable Instant time) {
    return Objects.requireNonNull(queries.at(new GetAt(agent, position, time)).block());
  }

  private static void assertNotFound(GetAt query) {
    assertRefused(query, ErrorCode.AGENT_NOT_FOUND);
  }

  private static void assertRefused(GetAt query, ErrorCode code) {
    assertThatThrownBy(() -> queries.at(query).block())
        .asInstanceOf(type(Refusal.class))
        .extracting(Refusal::code)
        .isEqualTo(code);
  }
}
