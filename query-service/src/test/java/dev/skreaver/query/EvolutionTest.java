package dev.skreaver.query;

import static dev.skreaver.api.event.Upcast.byDefault;
import static dev.skreaver.api.event.Upcast.part;
import static dev.skreaver.api.event.Upcast.rename;
import static dev.skreaver.api.event.Upcast.without;
import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.event.Upcast;
import dev.skreaver.api.projection.ProjectionAdmin;
import dev.skreaver.query.fixture.CommandNode;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Events of former releases, as the commands, the read model, the past, the audit trail and the
 * streams of a later release make use of them; and events of a later one, at which they all stop.
 */
class EvolutionTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private static final EventFormat LATER =
      new EventFormat(
          List.of(
              Upcast.of("agent.halted", 1).to("agent.halted", 2, rename("cause", "reason")),
              Upcast.of("agent.halted", 2).to("agent.paused", 1),
              Upcast.of("agent.failed", 1).to("agent.error", 1, byDefault("recoverable", true)),
              Upcast.of("agent.retired", 1).to("agent.stopped", 1, without("mood")),
              Upcast.of("agent.crashed", 1)
                  .split(
                      part("agent.error", 1, without("reason"), byDefault("recoverable", false)),
                      part("agent.stopped", 1, without("error"))),
              Upcast.of("agent.blinked", 1).dropped()));

  private static Stores stores;
  private static QueryNode node;
  private static CommandNode commands;

  @BeforeAll
  static void start() {
    stores = Stores.start();
    node = QueryNode.start(stores, LATER);
    commands = CommandNode.start(stores, LATER);
  }

  @AfterAll
  static void stop() {
    commands.close();
    node.close();
    stores.close();
  }

  /**
   * @param shown the name under which it is shown
   * @param meaning what happened in the words of today
   */
  record Former(
      String name, String members, String shown, Function<AgentId, List<AgentEvent>> meaning) {
    String payload(AgentKey agent) {
      return "{\"agent_id\":\"%s\"%s}".formatted(agent.id(), members);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Former> formerEvents() {
    return Stream.of(
        new Former(
            "agent.halted",
            ",\"cause\":\"lunch\"",
            "agent.paused",
            agent -> List.of(new AgentEvent.Paused(agent, "lunch"))),
        new Former(
            "agent.failed",
            ",\"error\":\"e\"",
            "agent.error",
            agent -> List.of(new AgentEvent.ErrorReported(agent, "e", true))),
        new Former(
            "agent.retired",
            ",\"reason\":\"old\",\"mood\":\"good\"",
            "agent.stopped",
            agent -> List.of(new AgentEvent.Stopped(agent, "old"))),
        new Former(
            "agent.crashed",
            ",\"error\":\"e\",\"reason\":\"r\"",
            "agent.crashed",
            agent ->
                List.of(
                    new AgentEvent.ErrorReported(agent, "e", false),
                    new AgentEvent.Stopped(agent, "r"))),
        new Former("agent.blinked", "", "agent.blinked", agent -> List.of()));
  }

  @ParameterizedTest
  @MethodSource("formerEvents")
  void a_former_event_means_the_same_to_all_who_read_it(Former former) {
    AgentKey agent = agent(ACME, "former-" + former.name());
    AgentView expected = begin(agent);
    long position =
        stores.append(
            agent, Stamp.at(NOON.plusSeconds(2)), former.name(), 1, former.payload(agent));
    expected = then(expected, former.meaning().apply(agent.id()));

    assertThat(get(agent, position)).isEqualTo(expected);
    assertThat(at(agent, position)).isEqualTo(expected);

    assertRefused(() -> commands.send(renamed(agent), "ada", "c", 1L), ErrorCode.VERSION_MISMATCH);
    Receipt receipt = commands.send(renamed(agent), "ada", "c", 2L);
    assertThat(receipt.agent().version()).isEqualTo(3);
    assertThat(receipt.agent().status()).isEqualTo(expected.status());
    assertThat(receipt.agent().statusReason()).isEqualTo(expected.statusReason());
    assertThat(get(agent, receipt.position())).isEqualTo(receipt.agent());
    assertThat(at(agent, receipt.position())).isEqualTo(receipt.agent());
  }

  @ParameterizedTest
  @MethodSource("formerEvents")
  void a_former_event_is_one_item_of_streams_and_audit_whatever_became_of_it(Former former) {
    AgentKey agent = agent(ACME, "item-" + former.name());
    begin(agent);
    long before = stores.last();
    long position =
        stores.append(
            agent, Stamp.at(NOON.plusSeconds(2)), former.name(), 1, former.payload(agent));
    long next =
        stores.append(
            agent,
            Stamp.at(NOON.plusSeconds(3)),
            new AgentEvent.Updated(agent.id(), "n", Map.of(), Map.of()));
    node.catchUp();

    List<RecordedEvent> live =
        node.events()
            .live(before)
            .takeUntil(event -> event.position() >= next)
            .collectList()
            .blockOptional(LONG)
            .orElseThrow();
    assertThat(live).extracting(RecordedEvent::position).containsExactly(position, next);
    assertThat(live).extracting(RecordedEvent::previous).containsExactly(before, position);
    assertThat(live.getFirst().type()).isEqualTo(former.shown());
    assertThat(history(agent, before))
        .extracting(RecordedEvent::position)
        .containsExactly(position, next);
    assertThat(history(agent, position)).extracting(RecordedEvent::position).containsExactly(next);

    List<String> names =
        Stream.concat(
                Stream.of(former.shown()),
                former.meaning().apply(agent.id()).stream()
                    .map(event -> EventCatalog.of(event.getClass()).wireName()))
            .distinct()
            .toList();
    assertThat(names)
        .allSatisfy(
            name ->
                assertThat(search(agent, name))
                    .extracting(RecordedEvent::position)
                    .containsExactly(position));
    assertThat(search(agent, former.shown()).getFirst().data()).isEqualTo(live.getFirst().data());
  }

  @Test
  void an_audit_index_of_a_former_release_is_searched_by_the_names_of_today() {
    AgentKey agent = agent(ACME, "indexed");
    begin(agent);
    long position =
        stores.append(
            agent,
            Stamp.at(NOON.plusSeconds(2)),
            "agent.halted",
            1,
            "{\"agent_id\":\"indexed\",\"cause\":\"lunch\"}");
    node.catchUp();
    stores.sql(
        "UPDATE read_model.audit_event_v2 SET type = 'agent.halted' WHERE position = " + position);

    assertThat(search(agent, "agent.paused"))
        .singleElement()
        .satisfies(event -> assertThat(event.type()).isEqualTo("agent.paused"));
    assertRefused(() -> search(agent, "agent.unheard-of"), ErrorCode.INVALID_INPUT);
  }

  @Test
  void an_erased_event_of_a_former_release_still_does_what_its_name_says() {
    AgentKey agent = agent(ACME, "erased");
    begin(agent);
    stores.sql("BEGIN");
    long position =
        stores.append(
            agent,
            Stamp.at(NOON.plusSeconds(2)),
            "agent.crashed",
            1,
            "{\"agent_id\":\"erased\",\"error\":\"e\",\"reason\":\"r\"}");
    stores.sql(
        "UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position = " + position);
    stores.sql("COMMIT");

    AgentView shown = get(agent, position);
    assertThat(shown.status()).isEqualTo(AgentStatus.STOPPED);
    assertThat(shown.statusReason()).isNull();
    assertThat(shown.version()).isEqualTo(2);
    assertRefused(() -> at(agent, position), ErrorCode.POSITION_NOT_KEPT);
  }

  @Test
  void while_one_agent_stalls_no_page_of_the_trail_skips_what_it_holds_up() {
    try (Stores other = Stores.start()) {
      AgentKey stalled = agent(ACME, "stalled");
      other.append(stalled, Stamp.at(NOON), created(stalled));
      long unknown =
          other.append(stalled, Stamp.at(NOON), "agent.blinked", 1, "{\"agent_id\":\"stalled\"}");
      for (int i = 0; i < 8; i++) {
        AgentKey agent = agent(ACME, "agent-" + i);
        other.append(agent, Stamp.at(NOON), created(agent));
      }
      try (QueryNode old = QueryNode.start(other)) {
        await()
            .atMost(LONG)
            .until(
                () ->
                    other.number(
                            "SELECT max(position) FROM read_model.projection_token"
                                + " WHERE projection = 'audit'")
                        == other.last());

        EventQueries.Page page = trail(old);

        assertThat(page.position()).isLessThan(unknown);
        assertThat(page.events()).extracting(RecordedEvent::position).allMatch(p -> p < unknown);
        assertThat(page.next()).isNull();
      }
      try (QueryNode upgraded = QueryNode.start(other, LATER)) {
        upgraded.catchUp();
        assertThat(trail(upgraded).events()).hasSize(10);
      }
    }
  }

  private static EventQueries.Page trail(QueryNode reader) {
    return reader
        .events()
        .search(
            new EventQueries.Search(ACME, null, List.of(), null, null, null, null, 0, 1000, null))
        .blockOptional(LONG)
        .orElseThrow();
  }

  @Test
  void an_event_of_a_newer_release_stops_its_readers_until_they_are_upgraded() {
    try (Stores other = Stores.start()) {
      AgentKey agent = agent(ACME, "ahead");
      other.append(agent, Stamp.at(NOON), created(agent));
      long before =
          other.append(agent, Stamp.at(NOON.plusSeconds(1)), new AgentEvent.Started(agent.id()));
      long unknown =
          other.append(
              agent,
              Stamp.at(NOON.plusSeconds(2)),
              "agent.halted",
              2,
              "{\"agent_id\":\"ahead\",\"reason\":\"lunch\"}");
      try (QueryNode old = QueryNode.start(other);
          CommandNode oldCommands = CommandNode.start(other)) {
        other.sql("NOTIFY skreaver_events");
        for (String projection : List.of("agent", "audit")) {
          await()
              .atMost(LONG)
              .untilAsserted(
                  () -> assertThat(status(old, projection).status()).isEqualTo("stalled"));
          assertThat(status(old, projection).error())
              .contains("unknown event 'agent.halted'")
              .contains("written by a newer release");
          assertThat(status(old, projection).lag()).isPositive();
          assertThat(status(old, projection).deadLetters()).isZero();
          await()
              .atMost(LONG)
              .untilAsserted(
                  () ->
                      assertThat(old.metric("skreaver.projection.stalled", projection))
                          .isEqualTo(1));
        }
        assertThat(old.unready("projections"))
            .contains("is stalled")
            .contains("unknown event 'agent.halted'");

        assertRefused(
            () -> old.agents().at(new AgentQueries.GetAt(agent, unknown, null)).block(LONG),
            ErrorCode.SERVICE_UNAVAILABLE,
            "The past cannot be shown by this release: unknown event 'agent.halted'");
        assertThat(old.agents().at(new AgentQueries.GetAt(agent, before, null)).block(LONG))
            .isNotNull();
        assertRefused(
            () -> oldCommands.send(renamed(agent), "ada", "c"),
            ErrorCode.SERVICE_UNAVAILABLE,
            "cannot be changed by this release: unknown event 'agent.halted'");

        RecordedEvent passedOn = old.events().live(before).next().blockOptional(LONG).orElseThrow();
        assertThat(passedOn.type()).isEqualTo("agent.halted");
        assertThat(passedOn.revision()).isEqualTo(2);
        assertThat(passedOn.data().path("reason").asString()).isEqualTo("lunch");
      }

      try (QueryNode upgraded = QueryNode.start(other, LATER);
          CommandNode upgradedCommands = CommandNode.start(other, LATER)) {
        upgraded.catchUp();
        for (String projection : List.of("agent", "audit")) {
          await()
              .atMost(LONG)
              .untilAsserted(
                  () -> {
                    assertThat(status(upgraded, projection).status()).isEqualTo("live");
                    assertThat(upgraded.metric("skreaver.projection.stalled", projection)).isZero();
                  });
        }
        await()
            .atMost(LONG)
            .untilAsserted(() -> assertThat(upgraded.unready("projections")).isEmpty());
        assertThat(
                Objects.requireNonNull(
                        upgraded.agents().get(new AgentQueries.Get(agent, unknown)).block(LONG))
                    .agent()
                    .status())
            .isEqualTo(AgentStatus.PAUSED);
        assertThat(upgradedCommands.send(renamed(agent), "ada", "c").agent().version())
            .isEqualTo(3);
      }
    }
  }

  private static AgentView begin(AgentKey agent) {
    List<AgentEvent> events = List.of(created(agent), new AgentEvent.Started(agent.id()));
    AgentView view = null;
    for (AgentEvent event : events) {
      long version = view == null ? 0 : 1;
      Instant time = NOON.plusSeconds(version);
      stores.append(agent, Stamp.at(time), event);
      view = AgentView.after(view, event, time, version);
    }
    return Objects.requireNonNull(view);
  }

  private static AgentView then(AgentView view, List<AgentEvent> events) {
    Instant time = NOON.plusSeconds(2);
    AgentView after = view;
    for (AgentEvent event : events) {
      after = AgentView.after(after, event, time, 2);
    }
    return events.isEmpty() ? view.afterDropped(time, 2) : after;
  }

  private static AgentCommand renamed(AgentKey agent) {
    return new AgentCommand.Update(agent, Map.of("name", "renamed"));
  }

  private static AgentView get(AgentKey agent, long position) {
    stores.sql("NOTIFY skreaver_events");
    return Objects.requireNonNull(
            node.agents().get(new AgentQueries.Get(agent, position)).block(LONG))
        .agent();
  }

  private static AgentView at(AgentKey agent, long position) {
    return Objects.requireNonNull(
            node.agents().at(new AgentQueries.GetAt(agent, position, null)).block(LONG))
        .agent();
  }

  private static List<RecordedEvent> history(AgentKey agent, long after) {
    return Objects.requireNonNull(
            node.events().history(new EventQueries.After(ACME, agent.id(), after, 100)).block(LONG))
        .events();
  }

  private static List<RecordedEvent> search(AgentKey agent, String name) {
    return Objects.requireNonNull(
            node.events()
                .search(
                    new EventQueries.Search(
                        ACME, agent.id(), List.of(name), null, null, null, null, 2, 100, null))
                .block(LONG))
        .events()
        .stream()
        .filter(event -> event.version() == 2)
        .toList();
  }

  private static ProjectionAdmin.Projection status(QueryNode of, String projection) {
    return Objects.requireNonNull(
        of.projections().list().filter(found -> found.name().equals(projection)).blockFirst(LONG));
  }

  private static void assertRefused(Callable<?> query, ErrorCode code) {
    assertRefused(query, code, "");
  }

  private static void assertRefused(Callable<?> query, ErrorCode code, String message) {
    assertThatThrownBy(query::call)
        .asInstanceOf(type(Refusal.class))
        .satisfies(
            refusal -> {
              assertThat(refusal.code()).isEqualTo(code);
              assertThat(refusal.getMessage()).contains(message);
            });
  }
}
