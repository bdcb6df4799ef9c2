package dev.skreaver.query.audit;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.GLOBEX;
import static dev.skreaver.query.fixture.Lives.agent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.EventQueries.After;
import dev.skreaver.api.event.EventQueries.Page;
import dev.skreaver.api.event.EventQueries.Search;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.fixture.Lives;
import dev.skreaver.query.fixture.ProjectedEvents;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import dev.skreaver.query.projection.ProjectedEvent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class AuditTrailTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final String STRANGE = "a\0strange subject " + "x".repeat(5000);
  private static final List<String> SUBJECTS = List.of("ada", "bob", STRANGE);

  private static Stores stores;
  private static QueryNode node;
  private static EventQueries queries;
  private static List<RecordedEvent> acme;
  private static long unused;

  @BeforeAll
  static void start() {
    stores = Stores.start();
    node = QueryNode.start(stores);
    queries = node.events();
    var random = new Random(5);
    unused = stores.number("SELECT nextval('event_store.event_position')");
    for (int i = 0; i < 40; i++) {
      AgentKey agent = agent(i % 4 == 0 ? GLOBEX : ACME, "agent-" + i % 20);
      if (i >= 20) {
        agent = agent(agent.tenant(), agent.id() + "-again");
      }
      for (AgentEvent event : Lives.random(agent, random, 5)) {
        stores.append(agent, stamp(i, random), event);
      }
    }
    node.catchUp();
    acme = Objects.requireNonNull(queries.history(new After(ACME, null, 0, 1000)).block()).events();
  }

  private static Stamp stamp(int second, Random random) {
    return new Stamp(
        NOON.plusSeconds(second),
        SUBJECTS.get(random.nextInt(SUBJECTS.size())),
        random.nextBoolean() ? null : "correlation-" + random.nextInt(6));
  }

  @AfterAll
  static void stop() {
    node.close();
    stores.close();
  }

  /** One question, as its difference from all events of a tenant. */
  private record Question(
      TenantId tenant,
      @Nullable AgentId agent,
      List<String> types,
      @Nullable String actor,
      @Nullable String correlation,
      @Nullable Instant from,
      @Nullable Instant before) {
    static final Question ALL = new Question(ACME, null, List.of(), null, null, null, null);

    Question of(AgentId id) {
      return new Question(tenant, id, types, actor, correlation, from, before);
    }

    Question types(String... names) {
      return new Question(tenant, agent, List.of(names), actor, correlation, from, before);
    }

    Question by(String subject) {
      return new Question(tenant, agent, types, subject, correlation, from, before);
    }

    Question caused(String id) {
      return new Question(tenant, agent, types, actor, id, from, before);
    }

    Question between(@Nullable Instant start, @Nullable Instant end) {
      return new Question(tenant, agent, types, actor, correlation, start, end);
    }

    Search page(long after, int limit) {
      return new Search(tenant, agent, types, actor, correlation, from, before, after, limit, null);
    }
  }

  @Test
  void without_filters_the_trail_is_the_whole_history_of_the_tenant() {
    assertFound(Question.ALL, event -> true);
  }

  @Test
  void each_filter_selects() {
    AgentId agent = acme.get(acme.size() / 2).agentId();
    assertFound(Question.ALL.of(agent), event -> event.agentId().equals(agent));
    assertFound(
        Question.ALL.types("agent.paused", "agent.deleted"),
        event -> event.type().equals("agent.paused") || event.type().equals("agent.deleted"));
    assertFound(Question.ALL.by("bob"), event -> event.actor().subject().equals("bob"));
    assertFound(
        Question.ALL.caused("correlation-3"),
        event -> "correlation-3".equals(event.correlationId()));
    Instant from = NOON.plusSeconds(10);
    Instant before = NOON.plusSeconds(20);
    assertFound(
        Question.ALL.between(from, before),
        event -> !event.time().isBefore(from) && event.time().isBefore(before));
  }

  @Test
  void all_filters_that_are_given_must_hold() {
    assertFound(
        Question.ALL
            .types("agent.created", "agent.started", "agent.updated")
            .by("ada")
            .between(NOON, NOON.plusSeconds(30)),
        event ->
            List.of("agent.created", "agent.started", "agent.updated").contains(event.type())
                && event.actor().subject().equals("ada")
                && event.time().isBefore(NOON.plusSeconds(30)));
  }

  @Test
  void a_subject_that_no_index_could_hold_is_found_too() {
    assertFound(Question.ALL.by(STRANGE), event -> event.actor().subject().equals(STRANGE));
  }

  @Test
  void nothing_of_another_tenant_is_found() {
    var globex = new Question(GLOBEX, null, List.of(), null, null, null, null);

    assertThat(pages(globex, 9)).isNotEmpty().allMatch(event -> event.tenant().equals(GLOBEX));
    assertThat(pages(globex.of(acme.getFirst().agentId()), 9)).isEmpty();
  }

  @Test
  void the_last_page_says_so_even_when_it_is_full() {
    Page whole = search(Question.ALL.page(0, acme.size()));
    Page almost = search(Question.ALL.page(0, acme.size() - 1));

    assertThat(whole.next()).isNull();
    assertThat(almost.next()).isEqualTo(acme.get(acme.size() - 2).position());
    assertThat(whole.position()).isGreaterThanOrEqualTo(acme.getLast().position());
  }

  @Test
  void a_repeated_batch_adds_nothing() {
    List<ProjectedEvent> repeated = acme.stream().map(ProjectedEvents::of).toList();
    stores.write(new AuditProjection(), repeated);

    assertFound(Question.ALL, event -> true);
  }

  @Test
  void an_index_that_is_not_of_this_store_is_no_audit() {
    stores.sql(
        "INSERT INTO read_model.audit_event_1"
            + " (position, tenant, agent_id, type, actor, time, event_id)"
            + " VALUES (%d, 'stray', 'a', 'agent.created', 'ada', now(), gen_random_uuid())"
                .formatted(unused));
    var stray = new Question(new TenantId("stray"), null, List.of(), null, null, null, null);

    assertRefused(() -> search(stray.page(0, 10)), ErrorCode.INTERNAL_ERROR);
  }

  @Test
  void values_that_no_event_can_have_are_refused() {
    assertRefused(() -> search(Question.ALL.page(-1, 10)), ErrorCode.INVALID_INPUT);
    assertRefused(() -> search(Question.ALL.page(0, 0)), ErrorCode.INVALID_INPUT);
    assertRefused(() -> search(Question.ALL.page(0, 1001)), ErrorCode.INVALID_INPUT);
    assertRefused(
        () -> search(Question.ALL.types("agent.exploded").page(0, 10)), ErrorCode.INVALID_INPUT);
    assertRefused(
        () -> search(Question.ALL.between(Instant.MIN, null).page(0, 10)), ErrorCode.INVALID_INPUT);
    assertRefused(
        () -> search(Question.ALL.between(null, Instant.MAX).page(0, 10)), ErrorCode.INVALID_INPUT);
    assertRefused(
        () -> queries.history(new After(ACME, null, -1, 10)).block(), ErrorCode.INVALID_INPUT);
    assertRefused(
        () -> queries.history(new After(ACME, null, 0, 1001)).block(), ErrorCode.INVALID_INPUT);
    assertRefused(() -> queries.live(-1).blockFirst(), ErrorCode.INVALID_INPUT);
  }

  private static void assertFound(Question question, Predicate<RecordedEvent> condition) {
    List<RecordedEvent> expected = acme.stream().filter(condition).toList();

    assertThat(expected).isNotEmpty();
    for (int limit : new int[] {1, 10, 1000}) {
      assertThat(pages(question, limit)).containsExactlyElementsOf(expected);
    }
  }

  private static List<RecordedEvent> pages(Question question, int limit) {
    var events = new ArrayList<RecordedEvent>();
    Long next = 0L;
    while (next != null) {
      Page page = search(question.page(next, limit));
      events.addAll(page.events());
      next = page.next();
    }
    return events;
  }

  private static Page search(Search query) {
    return Objects.requireNonNull(queries.search(query).block());
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, ErrorCode code) {
    assertThatThrownBy(call)
        .asInstanceOf(type(Refusal.class))
        .extracting(Refusal::code)
        .isEqualTo(code);
  }
}
