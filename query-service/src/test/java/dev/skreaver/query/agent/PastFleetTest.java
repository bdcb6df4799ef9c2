package dev.skreaver.query.agent;

import static dev.skreaver.query.fixture.Lives.GLOBEX;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentQueries.Find;
import dev.skreaver.api.agent.AgentQueries.FindAt;
import dev.skreaver.api.agent.AgentQueries.Moment;
import dev.skreaver.api.agent.AgentQueries.PastPage;
import dev.skreaver.api.agent.AgentQueries.Sort;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.query.fixture.Ask;
import dev.skreaver.query.fixture.Lives;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PastFleetTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final TenantId FLEET = new TenantId("fleet");
  private static final Find ALL = Ask.all(FLEET);

  private static Stores stores;
  private static QueryNode node;
  private static AgentQueries queries;

  /** How the fleet was after each position, kept beside the store. */
  private static final Map<Long, List<AgentView>> PASTS = new LinkedHashMap<>();

  /** Forty lives that overlap in one tenant, and as many events in another. */
  @BeforeAll
  static void start() {
    stores = Stores.start();
    node = QueryNode.start(stores);
    queries = node.agents();
    var random = new Random(11);
    var fleet = new LinkedHashMap<AgentKey, AgentView>();
    var lives = new ArrayList<List<AgentEvent>>();
    for (int i = 0; i < 40; i++) {
      lives.add(
          new ArrayList<>(
              Lives.random(agent(FLEET, "f-" + random.nextInt(99) + "-" + i), random, 4)));
    }
    var versions = new LinkedHashMap<AgentKey, Long>();
    for (int second = 0; !lives.isEmpty(); second++) {
      int next = random.nextInt(lives.size());
      AgentEvent event = lives.get(next).removeFirst();
      if (lives.get(next).isEmpty()) {
        lives.remove(next);
      }
      AgentKey agent = new AgentKey(FLEET, event.agentId());
      long version = versions.merge(agent, 1L, Long::sum) - 1;
      Instant time = NOON.plusSeconds(second / 3);
      long position = stores.append(agent, Stamp.at(time), event);
      fleet.put(agent, AgentView.after(fleet.get(agent), event, time, version));
      PASTS.put(position, fleet.values().stream().filter(view -> !view.deleted()).toList());
      AgentKey other = agent(GLOBEX, "other-" + second);
      stores.append(other, Stamp.at(time), created(other));
    }
  }

  @AfterAll
  static void stop() {
    node.close();
    stores.close();
  }

  @Test
  void the_fleet_is_shown_as_it_was_at_any_position() {
    var positions = List.copyOf(PASTS.keySet());
    for (int i = 0; i < positions.size(); i += 9) {
      long position = positions.get(i);
      assertThat(pages(ALL, new Moment(position, null), 7))
          .isEqualTo(sorted(position, Sort.CREATED_AT, false, agent -> true));
    }
  }

  @Test
  void a_deleted_agent_is_still_there_and_a_later_one_is_not_yet() {
    AgentKey old = agent(FLEET, "z-old");
    AgentKey young = agent(FLEET, "z-young");
    stores.append(old, Stamp.at(NOON.plusSeconds(900)), created(old));
    long then =
        stores.append(
            old, Stamp.at(NOON.plusSeconds(900)), new AgentEvent.Paused(old.id(), "lunch"));
    stores.append(old, Stamp.at(NOON.plusSeconds(901)), new AgentEvent.Deleted(old.id()));
    long now = stores.append(young, Stamp.at(NOON.plusSeconds(902)), created(young));
    Find late = Ask.created(ALL, NOON.plusSeconds(900), null);

    assertThat(page(late, new Moment(then, null)).agents())
        .singleElement()
        .satisfies(agent -> assertThat(agent.agentId()).isEqualTo(old.id()))
        .satisfies(agent -> assertThat(agent.status()).isEqualTo(AgentStatus.PAUSED));
    assertThat(page(late, new Moment(null, NOON.plusSeconds(900))).agents())
        .extracting(AgentView::agentId)
        .containsExactly(old.id());
    assertThat(page(late, new Moment(now, null)).agents())
        .extracting(AgentView::agentId)
        .containsExactly(young.id());
  }

  @ParameterizedTest
  @CsvSource({"CREATED_AT,false", "CREATED_AT,true", "AGENT_ID,false", "AGENT_ID,true"})
  void pages_of_any_size_show_every_agent_once_and_in_order(Sort sort, boolean descending) {
    long position = middle();
    for (int limit : new int[] {1, 3, 200}) {
      assertThat(pages(Ask.sorted(ALL, sort, descending), new Moment(position, null), limit))
          .isEqualTo(sorted(position, sort, descending, agent -> true));
    }
  }

  @Test
  void filters_mean_what_was_true_then() {
    long position = middle();
    var at = new Moment(position, null);
    Instant early = NOON.plusSeconds(4);
    Instant late = NOON.plusSeconds(12);

    assertFound(
        at,
        Ask.statuses(ALL, AgentStatus.PAUSED, AgentStatus.READY),
        agent -> agent.status() == AgentStatus.PAUSED || agent.status() == AgentStatus.READY);
    assertFound(
        at,
        Ask.type(ALL, AgentType.BuiltIn.ECHO),
        agent -> agent.agentType().equals(AgentType.BuiltIn.ECHO));
    assertFound(
        at,
        Ask.prefix(ALL, "name"),
        agent -> agent.name() != null && agent.name().startsWith("name"));
    assertFound(
        at,
        Ask.labels(ALL, Map.of("team", "search")),
        agent -> "search".equals(agent.labels().get("team")));
    assertFound(
        at,
        Ask.created(ALL, early, late),
        agent -> !agent.createdAt().isBefore(early) && agent.createdAt().isBefore(late));
  }

  @Test
  void every_page_of_a_walk_shows_the_moment_at_which_it_began() {
    TenantId tenant = new TenantId("walk");
    AgentKey a = agent(tenant, "a");
    AgentKey b = agent(tenant, "b");
    stores.append(a, Stamp.at(NOON), created(a));
    stores.append(b, Stamp.at(NOON), created(b));
    var future = new Moment(null, NOON.plusSeconds(100_000_000));
    Find one = Ask.page(Ask.all(tenant), 1, null);

    PastPage first = page(one, future);
    stores.append(b, Stamp.at(NOON), new AgentEvent.Paused(b.id(), "meanwhile"));
    AgentKey c = agent(tenant, "c");
    stores.append(c, Stamp.at(NOON), created(c));
    PastPage second = page(Ask.page(one, 1, first.nextCursor()), future);

    assertThat(first.agents()).extracting(AgentView::agentId).containsExactly(a.id());
    assertThat(second.agents())
        .extracting(AgentView::agentId, AgentView::status)
        .containsExactly(tuple(b.id(), AgentStatus.INITIALIZING));
    assertThat(second.nextCursor()).isNull();
    assertThat(second.position()).isEqualTo(first.position());
  }

  @Test
  void a_page_looks_at_a_bounded_number_of_agents_and_says_where_to_go_on() {
    TenantId tenant = new TenantId("crowd");
    for (int i = 0; i <= PastFleet.EXAMINED; i++) {
      AgentKey agent = agent(tenant, "crowd-%04d".formatted(i));
      stores.append(agent, Stamp.at(NOON), created(agent));
    }
    AgentId last = new AgentId("crowd-%04d".formatted(PastFleet.EXAMINED));
    Find hardly = Ask.prefix(Ask.all(tenant), last.value());
    var now = new Moment(stores.last(), null);

    PastPage first = page(hardly, now);
    assertThat(first.agents()).isEmpty();
    PastPage second = page(Ask.page(hardly, 200, first.nextCursor()), now);
    assertThat(second.agents()).extracting(AgentView::agentId).containsExactly(last);
    assertThat(second.nextCursor()).isNull();
  }

  @Test
  void an_agent_whose_content_was_erased_is_named_but_not_shown() {
    TenantId tenant = new TenantId("erased");
    AgentKey hidden = agent(tenant, "hidden");
    AgentKey shown = agent(tenant, "shown");
    long created = stores.append(hidden, Stamp.at(NOON), created(hidden));
    stores.append(shown, Stamp.at(NOON), created(shown));
    stores.sql(
        "UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position = " + created);

    PastPage page = page(Ask.all(tenant), new Moment(stores.last(), null));

    assertThat(page.agents()).extracting(AgentView::agentId).containsExactly(shown.id());
    assertThat(page.erased()).containsExactly(hidden.id());
  }

  @Test
  void what_cannot_be_answered_is_refused() {
    long head = stores.last();
    assertRefused(ALL, new Moment(head + 1000, null), ErrorCode.INVALID_INPUT);
    assertRefused(ALL, new Moment(null, null), ErrorCode.INVALID_INPUT);
    assertRefused(ALL, new Moment(1L, NOON), ErrorCode.INVALID_INPUT);
    assertRefused(
        Ask.sorted(ALL, Sort.NAME, false), new Moment(head, null), ErrorCode.INVALID_INPUT);
    assertRefused(
        Ask.sorted(ALL, Sort.LAST_ACTIVITY, false),
        new Moment(head, null),
        ErrorCode.INVALID_INPUT);
    assertRefused(Ask.page(ALL, 0, null), new Moment(head, null), ErrorCode.INVALID_INPUT);
  }

  @Test
  void a_cursor_holds_for_its_own_moment_only() {
    node.catchUp();
    long position = middle();
    String cursor = page(Ask.page(ALL, 1, null), new Moment(position, null)).nextCursor();
    String live =
        Objects.requireNonNull(node.agents().list(Ask.page(Ask.all(GLOBEX), 1, null)).block())
            .nextCursor();

    assertRefused(
        Ask.page(ALL, 1, cursor), new Moment(position - 1, null), ErrorCode.INVALID_CURSOR);
    assertRefused(
        Ask.page(Ask.all(GLOBEX), 1, live), new Moment(position, null), ErrorCode.INVALID_CURSOR);
    assertThatThrownBy(() -> queries.list(Ask.page(ALL, 1, cursor)).block())
        .asInstanceOf(type(Refusal.class))
        .extracting(Refusal::code)
        .isEqualTo(ErrorCode.INVALID_CURSOR);
  }

  private static long middle() {
    return List.copyOf(PASTS.keySet()).get(PASTS.size() / 2);
  }

  private static void assertFound(Moment at, Find find, Predicate<AgentView> filter) {
    List<AgentView> expected =
        sorted(Objects.requireNonNull(at.position()), Sort.CREATED_AT, false, filter);
    assertThat(expected).isNotEmpty();
    assertThat(pages(find, at, 4)).isEqualTo(expected);
  }

  private static List<AgentView> sorted(
      long position, Sort sort, boolean descending, Predicate<AgentView> filter) {
    Comparator<AgentView> byId = Comparator.comparing(agent -> agent.agentId().value());
    Comparator<AgentView> order =
        sort == Sort.AGENT_ID
            ? byId
            : Comparator.comparing(AgentView::createdAt).thenComparing(byId);
    return Objects.requireNonNull(PASTS.get(position)).stream()
        .filter(filter)
        .sorted(descending ? order.reversed() : order)
        .toList();
  }

  private static PastPage page(Find find, Moment at) {
    return Objects.requireNonNull(queries.listAt(new FindAt(find, at)).block());
  }

  private static List<AgentView> pages(Find find, Moment at, int limit) {
    var agents = new ArrayList<AgentView>();
    @Nullable String cursor = null;
    do {
      PastPage page = page(Ask.page(find, limit, cursor), at);
      assertThat(page.position()).isEqualTo(at.position());
      agents.addAll(page.agents());
      cursor = page.nextCursor();
    } while (cursor != null);
    return agents;
  }

  private static void assertRefused(Find find, Moment at, ErrorCode code) {
    assertThatThrownBy(() -> queries.listAt(new FindAt(find, at)).block())
        .asInstanceOf(type(Refusal.class))
        .extracting(Refusal::code)
        .isEqualTo(code);
  }
}
