package dev.skreaver.query.agent;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.GLOBEX;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentQueries.Find;
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
import java.util.Base64;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AgentListTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Find ALL = Ask.all(ACME);

  private static Stores stores;
  private static QueryNode node;
  private static AgentQueries queries;
  private static List<AgentView> agents;

  /** Sixty lives in one tenant, beginning at twelve different moments, and twenty in another. */
  @BeforeAll
  static void start() {
    stores = Stores.start();
    node = QueryNode.start(stores);
    queries = node.agents();
    var random = new Random(7);
    var lives = new LinkedHashMap<AgentKey, @Nullable AgentView>();
    for (int i = 0; i < 60; i++) {
      AgentKey agent = agent(ACME, "agent-" + random.nextInt(1000) + "-" + i);
      lives.put(agent, live(agent, NOON.plusSeconds(i % 12), random));
    }
    for (int i = 0; i < 20; i++) {
      live(agent(GLOBEX, "agent-" + i), NOON.plusSeconds(i), random);
    }
    node.catchUp();
    agents = lives.values().stream().filter(Objects::nonNull).toList();
  }

  @AfterAll
  static void stop() {
    node.close();
    stores.close();
  }

  private static @Nullable AgentView live(AgentKey agent, Instant start, Random random) {
    AgentView view = null;
    Instant time = start;
    long version = 0;
    for (AgentEvent event : Lives.random(agent, random, 4)) {
      stores.append(agent, Stamp.at(time), event);
      view = AgentView.after(view, event, time, version++);
      time = time.plusSeconds(random.nextInt(3));
    }
    return view == null || view.deleted() ? null : view;
  }

  @Test
  void an_agent_is_found_with_all_that_it_is() {
    for (AgentView agent : agents) {
      assertThat(find(ACME, agent.agentId()).agent()).isEqualTo(agent);
    }
  }

  @Test
  void another_tenants_agent_of_that_id_is_not_there() {
    assertThatThrownBy(() -> find(GLOBEX, agents.getFirst().agentId()))
        .asInstanceOf(type(Refusal.class))
        .extracting(Refusal::code)
        .isEqualTo(ErrorCode.AGENT_NOT_FOUND);
  }

  @Test
  void statuses_select_any_of_them() {
    assertSelected(
        Ask.statuses(ALL, AgentStatus.PAUSED, AgentStatus.READY),
        agent -> agent.status() == AgentStatus.PAUSED || agent.status() == AgentStatus.READY);
  }

  @Test
  void a_type_selects_agents_of_that_type() {
    var worker = new AgentType.Custom("worker");
    assertSelected(Ask.type(ALL, worker), agent -> agent.agentType().equals(worker));
  }

  @ParameterizedTest
  @ValueSource(strings = {"name", "name 1", "renamed", "n", "N", "", "name 1\u00e9", "%", "_ame"})
  void a_prefix_selects_names_that_begin_with_it(String prefix) {
    assertSelected(
        Ask.prefix(ALL, prefix),
        agent ->
            prefix.isEmpty() || Objects.requireNonNullElse(agent.name(), "").startsWith(prefix));
  }

  @Test
  void labels_select_agents_that_have_all_of_them() {
    assertSelected(
        Ask.labels(ALL, Map.of("team", "search")),
        agent -> "search".equals(agent.labels().get("team")));
    assertSelected(
        Ask.labels(ALL, Map.of("team", "search", "env", "prod")),
        agent ->
            "search".equals(agent.labels().get("team"))
                && "prod".equals(agent.labels().get("env")));
  }

  @Test
  void a_range_of_creation_includes_its_beginning_and_excludes_its_end() {
    Instant from = NOON.plusSeconds(3);
    Instant before = NOON.plusSeconds(6);
    assertSelected(
        Ask.created(ALL, from, before),
        agent -> !agent.createdAt().isBefore(from) && agent.createdAt().isBefore(before));
  }

  @Test
  void all_filters_together_must_hold() {
    var find =
        Ask.created(
            Ask.labels(
                Ask.prefix(
                    Ask.statuses(
                        ALL,
                        AgentStatus.READY,
                        AgentStatus.INITIALIZING,
                        AgentStatus.PAUSED,
                        AgentStatus.STOPPED),
                    "n"),
                Map.of("env", "prod")),
            NOON,
            NOON.plusSeconds(11));
    assertSelected(
        find,
        agent ->
            find.statuses().contains(agent.status())
                && agent.name() != null
                && agent.name().startsWith("n")
                && "prod".equals(agent.labels().get("env"))
                && agent.createdAt().isBefore(NOON.plusSeconds(11)));
  }

  @ParameterizedTest
  @EnumSource(Sort.class)
  void pages_of_any_size_hold_every_agent_once_and_in_order(Sort sort) {
    for (boolean descending : new boolean[] {false, true}) {
      for (int limit : new int[] {1, 7, 200}) {
        assertThat(Ask.pages(queries, Ask.sorted(ALL, sort, descending), limit))
            .as("%s descending=%s limit=%d", sort, descending, limit)
            .containsExactlyElementsOf(sorted(agents, sort, descending));
      }
    }
  }

  @Test
  void pages_keep_to_their_filters() {
    Find ready = Ask.sorted(Ask.statuses(ALL, AgentStatus.READY), Sort.NAME, true);

    assertThat(Ask.pages(queries, ready, 3))
        .hasSizeGreaterThan(3)
        .containsExactlyElementsOf(
            sorted(
                agents.stream().filter(agent -> agent.status() == AgentStatus.READY).toList(),
                Sort.NAME,
                true));
  }

  @Test
  void every_page_says_how_many_there_are_on_all() {
    var first = list(Ask.page(ALL, 7, null));
    var second = list(Ask.page(ALL, 7, first.nextCursor()));

    assertThat(first.total()).isEqualTo(agents.size());
    assertThat(second.total()).isEqualTo(agents.size());
    assertThat(list(Ask.prefix(ALL, "nobody")).total()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Sort.class)
  void agents_that_were_there_before_appear_once_while_others_are_inserted(Sort sort) {
    var tenant = new TenantId("busy-" + sort.name().toLowerCase(Locale.ROOT));
    var before = new HashSet<AgentId>();
    for (int i = 0; i < 30; i++) {
      AgentKey agent = agent(tenant, "b-%02d".formatted(i));
      stores.append(agent, Stamp.at(NOON.plusSeconds(i / 3)), created(agent));
      before.add(agent.id());
    }
    var seen = new ArrayList<AgentId>();
    String cursor = null;
    int inserted = 0;
    do {
      node.catchUp();
      var page = list(Ask.page(Ask.sorted(Ask.all(tenant), sort, false), 4, cursor));
      page.agents().forEach(agent -> seen.add(agent.agentId()));
      cursor = page.nextCursor();
      if (inserted < 20) {
        AgentKey agent = agent(tenant, List.of("a-", "b-10-", "c-").get(inserted % 3) + inserted);
        stores.append(agent, Stamp.at(NOON.plusSeconds(inserted % 12)), created(agent));
        inserted++;
      }
    } while (cursor != null);

    assertThat(seen).doesNotHaveDuplicates().containsAll(before);
  }

  @Test
  void nothing_of_another_tenant_is_ever_on_a_page() {
    assertThat(Ask.pages(queries, Ask.labels(Ask.all(GLOBEX), Map.of("team", "search")), 3))
        .isNotEmpty()
        .allSatisfy(agent -> assertThat(find(GLOBEX, agent.agentId()).agent()).isEqualTo(agent));
    assertThat(Ask.pages(queries, Ask.all(new TenantId("nobody")), 3)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "garbage",
        "{}",
        "bnVsbA",
        "W10",
        "e30",
        "eyJzb3J0IjoxfQ",
        "\0",
        "ä",
        "====",
        "eyJzb3J0IjoiTkFNRSIsImRlc2NlbmRpbmciOmZhbHNlLCJrZXkiOiJcdTAwMDAiLCJhZ2VudF9pZCI6ImEifQ"
      })
  void a_cursor_that_no_page_gave_is_refused(String cursor) {
    assertInvalid(Ask.page(ALL, 5, cursor));
  }

  @Test
  void a_cursor_is_refused_after_any_change_of_one_character() {
    String cursor = Objects.requireNonNull(list(Ask.page(ALL, 5, null)).nextCursor());

    for (int i = 0; i < cursor.length(); i++) {
      for (char other : "Aa0_".toCharArray()) {
        if (cursor.charAt(i) != other) {
          assertInvalid(Ask.page(ALL, 5, cursor.substring(0, i) + other + cursor.substring(i + 1)));
        }
      }
      assertInvalid(Ask.page(ALL, 5, cursor.substring(0, i)));
    }
  }

  @Test
  void a_cursor_with_a_time_beyond_the_database_is_refused() {
    String cursor = Objects.requireNonNull(list(Ask.page(ALL, 5, null)).nextCursor());
    String content = new String(Base64.getUrlDecoder().decode(cursor), UTF_8);
    String changed = content.replaceAll("2026-[^\"]*", "+999999999-12-31T23:59:59Z");

    assertThat(changed).isNotEqualTo(content);
    assertInvalid(
        Ask.page(
            ALL,
            5,
            Base64.getUrlEncoder().withoutPadding().encodeToString(changed.getBytes(UTF_8))));
  }

  @Test
  void a_cursor_holds_only_for_the_same_filters_sort_direction_and_tenant() {
    String cursor = list(Ask.page(ALL, 5, null)).nextCursor();

    assertInvalid(Ask.page(Ask.all(GLOBEX), 5, cursor));
    assertInvalid(Ask.page(Ask.sorted(ALL, Sort.CREATED_AT, true), 5, cursor));
    assertInvalid(Ask.page(Ask.sorted(ALL, Sort.NAME, false), 5, cursor));
    assertInvalid(Ask.page(Ask.statuses(ALL, AgentStatus.READY), 5, cursor));
    assertInvalid(Ask.page(Ask.prefix(ALL, "n"), 5, cursor));
    assertInvalid(Ask.page(Ask.labels(ALL, Map.of("team", "search")), 5, cursor));
    assertInvalid(Ask.page(Ask.created(ALL, NOON, null), 5, cursor));
    assertThat(list(Ask.page(ALL, 50, cursor)).agents()).isNotEmpty();
  }

  @Test
  void values_that_no_page_can_have_are_refused_by_the_name_of_their_field() {
    assertRefused(Ask.page(ALL, 0, null), "limit");
    assertRefused(Ask.page(ALL, 201, null), "limit");
    assertRefused(Ask.prefix(ALL, "nul\0"), "name_prefix");
    assertRefused(Ask.labels(ALL, Map.of("team", "nul\0")), "label");
    assertRefused(Ask.created(ALL, Instant.MIN, null), "created_from");
    assertRefused(Ask.created(ALL, null, Instant.MAX), "created_before");
    assertRefused(Ask.created(ALL, NOON, NOON), "created_from");
  }

  private static AgentQueries.Found find(TenantId tenant, AgentId id) {
    return Objects.requireNonNull(
        queries.get(new AgentQueries.Get(new AgentKey(tenant, id), null)).block());
  }

  private static AgentQueries.Page list(Find find) {
    return Objects.requireNonNull(queries.list(find).block());
  }

  private static void assertSelected(Find find, Predicate<AgentView> condition) {
    List<AgentView> expected =
        sorted(agents.stream().filter(condition).toList(), Sort.CREATED_AT, false);
    var page = list(find);

    assertThat(page.agents()).containsExactlyElementsOf(expected);
    assertThat(page.total()).isEqualTo(expected.size());
  }

  private static List<AgentView> sorted(List<AgentView> agents, Sort sort, boolean descending) {
    Comparator<AgentView> order =
        switch (sort) {
          case CREATED_AT -> Comparator.comparing(AgentView::createdAt);
          case LAST_ACTIVITY -> Comparator.comparing(AgentView::lastActivity);
          case NAME -> Comparator.comparing(agent -> Objects.requireNonNullElse(agent.name(), ""));
          case AGENT_ID -> Comparator.comparing(agent -> agent.agentId().value());
        };
    order = order.thenComparing(agent -> agent.agentId().value());
    return agents.stream().sorted(descending ? order.reversed() : order).toList();
  }

  private static void assertInvalid(Find find) {
    assertThatThrownBy(() -> queries.list(find).block())
        .as("cursor %s", find.cursor())
        .asInstanceOf(type(Refusal.class))
        .extracting(Refusal::code)
        .isEqualTo(ErrorCode.INVALID_CURSOR);
  }

  private static void assertRefused(Find find, String field) {
    assertThatThrownBy(() -> queries.list(find).block())
        .asInstanceOf(type(Refusal.class))
        .satisfies(
            refusal -> {
              assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_INPUT);
              assertThat(refusal.details()).containsEntry("field", field);
            });
  }
}
