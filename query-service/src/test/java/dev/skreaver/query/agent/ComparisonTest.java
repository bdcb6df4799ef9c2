package dev.skreaver.query.agent;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.GLOBEX;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentQueries.Change;
import dev.skreaver.api.agent.AgentQueries.Compare;
import dev.skreaver.api.agent.AgentQueries.Difference;
import dev.skreaver.api.agent.AgentQueries.GetAt;
import dev.skreaver.api.agent.AgentQueries.Happening;
import dev.skreaver.api.agent.AgentQueries.Moment;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ComparisonTest {
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
  void it_shows_both_sides_the_members_that_differ_and_the_events_between() {
    AgentKey agent = agent(ACME, "both");
    long begin = append(agent, 0, created(agent));
    long updated =
        append(
            agent,
            1,
            new AgentEvent.Updated(
                agent.id(),
                "both",
                Map.of("team", "search"),
                Map.of("mode", "simple", "depth", 3)));
    long paused = append(agent, 2, new AgentEvent.Paused(agent.id(), "lunch"));
    append(agent, 3, new AgentEvent.Resumed(agent.id()));

    Difference difference = diff(agent, position(begin), position(paused));

    assertThat(difference.before()).isEqualTo(at(agent, begin));
    assertThat(difference.after()).isEqualTo(at(agent, paused));
    assertThat(difference.changes())
        .extracting(Change::path, change -> text(change.from()), change -> text(change.to()))
        .containsExactlyInAnyOrder(
            tuple("/status", "initializing", "paused"),
            tuple("/status_since", "2026-03-01T12:00:00Z", "2026-03-01T12:00:02Z"),
            tuple("/status_reason", null, "lunch"),
            tuple("/labels/team", null, "search"),
            tuple("/config/depth", null, "3"),
            tuple("/last_activity", "2026-03-01T12:00:00Z", "2026-03-01T12:00:02Z"),
            tuple("/version", "0", "2"));
    assertThat(difference.events())
        .extracting(
            Happening::position, Happening::type, Happening::version, h -> h.actor().subject())
        .containsExactly(
            tuple(updated, "agent.updated", 1L, "ada"), tuple(paused, "agent.paused", 2L, "ada"));
    assertThat(difference.next()).isNull();
  }

  @Test
  void from_a_time_to_the_same_nothing_happened_though_it_is_finer_than_events_know() {
    AgentKey agent = agent(ACME, "finer");
    append(agent, 0, created(agent));
    append(agent, 1, new AgentEvent.Started(agent.id()));
    var justBefore = new Moment(null, NOON.plusSeconds(1).minusNanos(400));

    Difference difference = diff(agent, justBefore, justBefore);

    assertThat(Objects.requireNonNull(difference.after()).version()).isZero();
    assertThat(difference.changes()).isEmpty();
    assertThat(difference.events()).isEmpty();
  }

  @Test
  void without_its_ends_it_is_the_whole_life() {
    AgentKey agent = agent(ACME, "whole");
    append(agent, 0, created(agent));
    append(agent, 1, new AgentEvent.Started(agent.id()));

    Difference difference = diff(agent, null, null);

    assertThat(difference.before()).isNull();
    assertThat(Objects.requireNonNull(difference.after()).version()).isEqualTo(1);
    assertThat(difference.events()).extracting(Happening::version).containsExactly(0L, 1L);
    assertThat(difference.changes())
        .extracting(Change::path, change -> text(change.from()), change -> text(change.to()))
        .contains(tuple("/agent_id", null, "whole"));
    assertThat(difference.position()).isGreaterThanOrEqualTo(stores.last());
  }

  @Test
  void times_mean_the_same_as_the_positions_of_their_last_events() {
    AgentKey agent = agent(ACME, "times");
    append(agent, 0, created(agent));
    long started = append(agent, 5, new AgentEvent.Started(agent.id()));
    long paused = append(agent, 9, new AgentEvent.Paused(agent.id(), "lunch"));

    Difference byTime = diff(agent, time(6), time(100));
    Difference byPosition = diff(agent, position(started), position(paused));

    assertThat(byTime.before()).isEqualTo(byPosition.before());
    assertThat(byTime.after()).isEqualTo(byPosition.after());
    assertThat(byTime.changes()).isEqualTo(byPosition.changes());
    assertThat(byTime.events()).isEqualTo(byPosition.events());
  }

  @Test
  void a_moment_compared_with_itself_has_no_difference() {
    AgentKey agent = agent(ACME, "same");
    long begin = append(agent, 0, created(agent));

    Difference difference = diff(agent, position(begin), position(begin));

    assertThat(difference.before()).isEqualTo(difference.after()).isNotNull();
    assertThat(difference.changes()).isEmpty();
    assertThat(difference.events()).isEmpty();
  }

  @Test
  void a_deleted_agent_is_not_there_afterwards() {
    AgentKey agent = agent(ACME, "deleted");
    long begin = append(agent, 0, created(agent));
    append(agent, 1, new AgentEvent.Deleted(agent.id()));

    Difference difference = diff(agent, position(begin), null);

    assertThat(difference.before()).isNotNull();
    assertThat(difference.after()).isNull();
    assertThat(difference.changes()).allMatch(change -> change.to() == null).isNotEmpty();
    assertThat(difference.events()).extracting(Happening::type).containsExactly("agent.deleted");
  }

  @Test
  void a_long_time_shows_its_first_thousand_events_and_where_they_go_on() {
    AgentKey agent = agent(ACME, "long");
    append(agent, 0, created(agent));
    for (int i = 0; i < 1000; i++) {
      append(agent, 1, new AgentEvent.Started(agent.id()));
    }

    Difference difference = diff(agent, null, null);

    assertThat(difference.events()).hasSize(1000);
    assertThat(difference.next()).isEqualTo(difference.events().getLast().position());
    assertThat(Objects.requireNonNull(difference.after()).version()).isEqualTo(1000);
  }

  @Test
  void what_was_erased_cannot_be_compared() {
    AgentKey agent = agent(ACME, "erased");
    long begin = append(agent, 0, created(agent));
    long updated =
        append(agent, 1, new AgentEvent.Updated(agent.id(), "secret", Map.of(), Map.of()));
    stores.sql(
        "UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position = " + updated);

    assertRefused(agent, position(begin), position(updated), ErrorCode.POSITION_NOT_KEPT);
    assertThat(diff(agent, null, position(begin)).after()).isNotNull();
  }

  @Test
  void moments_that_make_no_question_are_refused() {
    AgentKey agent = agent(ACME, "refused");
    long begin = append(agent, 0, created(agent));
    long last = append(agent, 1, new AgentEvent.Started(agent.id()));

    assertRefused(agent, position(last), position(begin), ErrorCode.INVALID_INPUT);
    assertRefused(agent, time(2), time(1), ErrorCode.INVALID_INPUT);
    assertRefused(agent, position(begin), time(1), ErrorCode.INVALID_INPUT);
    assertRefused(agent, null, position(last + 1000), ErrorCode.INVALID_INPUT);
    assertRefused(agent, position(last + 1000), null, ErrorCode.INVALID_INPUT);
    assertRefused(agent, new Moment(null, null), null, ErrorCode.INVALID_INPUT);
    assertRefused(agent(ACME, "nobody"), null, null, ErrorCode.AGENT_NOT_FOUND);
    assertRefused(agent, null, time(-1), ErrorCode.AGENT_NOT_FOUND);
    assertRefused(agent(GLOBEX, "refused"), null, null, ErrorCode.AGENT_NOT_FOUND);
  }

  private static long append(AgentKey agent, int second, AgentEvent event) {
    return stores.append(agent, Stamp.at(NOON.plusSeconds(second)), event);
  }

  private static Moment position(long position) {
    return new Moment(position, null);
  }

  private static Moment time(int second) {
    return new Moment(null, NOON.plusSeconds(second));
  }

  private static @Nullable String text(@Nullable JsonNode value) {
    return value == null ? null : value.isString() ? value.asString() : value.toString();
  }

  private static AgentView at(AgentKey agent, long position) {
    return Objects.requireNonNull(queries.at(new GetAt(agent, position, null)).block()).agent();
  }

  private static Difference diff(AgentKey agent, @Nullable Moment from, @Nullable Moment to) {
    return Objects.requireNonNull(queries.diff(new Compare(agent, from, to)).block());
  }

  private static void assertRefused(
      AgentKey agent, @Nullable Moment from, @Nullable Moment to, ErrorCode code) {
    assertThatThrownBy(() -> queries.diff(new Compare(agent, from, to)).block())
        .asInstanceOf(type(Refusal.class))
        .extracting(Refusal::code)
        .isEqualTo(code);
  }
}
