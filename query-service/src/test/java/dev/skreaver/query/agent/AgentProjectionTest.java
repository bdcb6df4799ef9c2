package dev.skreaver.query.agent;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.event.CurrentEvent;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.query.fixture.Lives;
import dev.skreaver.query.fixture.ProjectedEvents;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.projection.ProjectedEvent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class AgentProjectionTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00.123456Z");

  private static Stores stores;
  private static QueryNode node;
  private static AgentRows rows;

  private final AgentProjection projection = new AgentProjection();

  @BeforeAll
  static void start() {
    stores = Stores.start();
    node = QueryNode.start(stores);
    rows = new AgentRows(stores.client(), stores.texts());
  }

  @AfterAll
  static void stop() {
    node.close();
    stores.close();
  }

  @Test
  void the_row_is_what_the_events_make_of_the_agent_however_they_are_cut_into_batches() {
    var random = new Random(1);
    var expected = new LinkedHashMap<AgentKey, @Nullable AgentView>();
    var events = new ArrayList<ProjectedEvent>();
    for (int i = 0; i < 200; i++) {
      AgentKey agent = agent(ACME, "random-" + i);
      List<ProjectedEvent> life = life(agent, Lives.random(agent, random, 8));
      events.addAll(life);
      expected.put(agent, fold(life));
    }
    for (List<ProjectedEvent> batch : cut(interleaved(events, random), random)) {
      stores.write(projection, batch);
      if (random.nextInt(3) == 0) {
        stores.write(projection, batch);
      }
    }

    expected.forEach((agent, view) -> assertThat(rows.find(agent).block()).isEqualTo(view));
  }

  @Test
  void a_batch_that_holds_a_whole_life_leaves_nothing_to_find() {
    AgentKey agent = agent(ACME, "short-life");
    stores.write(
        projection,
        life(
            agent,
            List.of(
                created(agent),
                new AgentEvent.Updated(agent.id(), "new", Map.of("a", "b"), Map.of()),
                new AgentEvent.Deleted(agent.id()))));

    assertThat(rows.find(agent).block()).isNull();
  }

  @Test
  void a_repeat_of_all_that_happened_does_not_revive_a_deleted_agent() {
    AgentKey agent = agent(ACME, "deleted");
    List<ProjectedEvent> life =
        life(agent, List.of(created(agent), new AgentEvent.Deleted(agent.id())));
    stores.write(projection, life);
    stores.write(projection, life.subList(0, 1));

    assertThat(rows.find(agent).block()).isNull();
  }

  @Test
  void a_repeat_of_an_older_batch_does_not_take_the_agent_back() {
    AgentKey agent = agent(ACME, "repeat");
    List<ProjectedEvent> life =
        life(
            agent,
            List.of(
                created(agent),
                new AgentEvent.Started(agent.id()),
                new AgentEvent.Paused(agent.id(), "lunch"),
                new AgentEvent.Updated(agent.id(), "renamed", Map.of(), Map.of())));
    stores.write(projection, life);
    AgentView before = rows.find(agent).block();
    stores.write(projection, life.subList(0, 2));
    stores.write(projection, life.subList(2, 3));

    assertThat(before).isEqualTo(fold(life));
    assertThat(rows.find(agent).block()).isEqualTo(before);
  }

  @Test
  void an_update_can_take_the_name_away_and_a_resume_the_reason() {
    AgentKey agent = agent(ACME, "taken-away");
    stores.write(
        projection,
        life(agent, List.of(created(agent), new AgentEvent.Paused(agent.id(), "lunch"))));
    stores.write(
        projection,
        List.of(
            event(agent, 2, new AgentEvent.Resumed(agent.id())),
            event(agent, 3, new AgentEvent.Updated(agent.id(), null, Map.of(), Map.of()))));

    AgentView found = shown(agent);
    assertThat(found.name()).isNull();
    assertThat(found.statusReason()).isNull();
  }

  @Test
  void an_agent_whose_beginning_is_missing_is_refused() {
    AgentKey agent = agent(ACME, "no-beginning");

    assertThatThrownBy(
            () ->
                stores.write(
                    projection, List.of(event(agent, 3, new AgentEvent.Started(agent.id())))))
        .hasMessageContaining("acme/no-beginning has no beginning");
    assertThat(rows.find(agent).block()).isNull();
  }

  @Test
  void text_and_numbers_that_the_database_is_peculiar_about_do_no_harm() {
    AgentKey agent = agent(ACME, "peculiar");
    stores.write(
        projection,
        List.of(
            event(
                agent,
                0,
                created(agent, AgentType.BuiltIn.ECHO, "nul\0name", Map.of("k\0", "v\0"))),
            event(
                agent,
                1,
                new AgentEvent.Updated(
                    agent.id(),
                    "nul\0name 😀",
                    Map.of("k\0", "v\0"),
                    Map.of("nul", "\0", "big", 1e300, "empty", List.of()))),
            event(agent, 2, new AgentEvent.ErrorReported(agent.id(), "core\0dump", true))));

    AgentView found = shown(agent);
    assertThat(found.name()).isEqualTo("nul\uFFFDname 😀");
    assertThat(found.labels()).containsExactly(Map.entry("k\uFFFD", "v\uFFFD"));
    assertThat(found.config()).containsEntry("nul", "\0").containsEntry("big", 1e300);
    assertThat(found.statusReason()).isEqualTo("core\uFFFDdump");
  }

  @Test
  void an_agent_whose_creation_was_erased_is_not_shown() {
    AgentKey agent = agent(ACME, "erased");
    stores.write(
        projection,
        List.of(
            ProjectedEvents.of(agent, 0, EventCatalog.AGENT_CREATED, NOON, null),
            event(agent, 1, new AgentEvent.Started(agent.id()))));

    assertThat(rows.find(agent).block()).isNull();
  }

  @Test
  void an_erased_pause_still_pauses() {
    AgentKey agent = agent(ACME, "erased-pause");
    stores.write(
        projection,
        List.of(
            event(agent, 0, created(agent)),
            ProjectedEvents.of(agent, 1, EventCatalog.AGENT_PAUSED, NOON, null)));

    AgentView found = shown(agent);
    assertThat(found.status()).isEqualTo(AgentStatus.PAUSED);
    assertThat(found.statusReason()).isNull();
  }

  private static AgentView shown(AgentKey agent) {
    return Objects.requireNonNull(rows.find(agent).block());
  }

  private static List<ProjectedEvent> life(AgentKey agent, List<AgentEvent> events) {
    var life = new ArrayList<ProjectedEvent>();
    for (AgentEvent event : events) {
      life.add(event(agent, life.size(), event));
    }
    return life;
  }

  private static ProjectedEvent event(AgentKey agent, long version, AgentEvent event) {
    return ProjectedEvents.of(
        agent, version, EventCatalog.of(event.getClass()), NOON.plusSeconds(version), event);
  }

  private static @Nullable AgentView fold(List<ProjectedEvent> life) {
    AgentView view = null;
    for (ProjectedEvent event : life) {
      for (CurrentEvent current : event.events()) {
        var said = (AgentEvent) Objects.requireNonNull(current.event());
        view = AgentView.after(view, said, event.time(), event.version());
      }
    }
    return view == null || view.deleted() ? null : view;
  }

  /** The agents' events mixed, each agent's own in order. */
  private static List<ProjectedEvent> interleaved(List<ProjectedEvent> events, Random random) {
    var lives = new LinkedHashMap<AgentKey, List<ProjectedEvent>>();
    events.forEach(
        event -> lives.computeIfAbsent(event.agent(), key -> new ArrayList<>()).add(event));
    var open = new ArrayList<>(lives.values());
    var mixed = new ArrayList<ProjectedEvent>();
    while (!open.isEmpty()) {
      List<ProjectedEvent> life = open.get(random.nextInt(open.size()));
      mixed.add(life.removeFirst());
      open.removeIf(List::isEmpty);
    }
    return mixed;
  }

  private static List<List<ProjectedEvent>> cut(List<ProjectedEvent> events, Random random) {
    var batches = new ArrayList<List<ProjectedEvent>>();
    int from = 0;
    while (from < events.size()) {
      int to = Math.min(events.size(), from + 1 + random.nextInt(90));
      batches.add(events.subList(from, to));
      from = to;
    }
    return batches;
  }
}
