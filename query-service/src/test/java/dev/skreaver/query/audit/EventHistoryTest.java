package dev.skreaver.query.audit;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.GLOBEX;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventQueries.After;
import dev.skreaver.api.event.EventQueries.Bounds;
import dev.skreaver.api.event.EventQueries.History;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import dev.skreaver.query.tail.EventPages;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EventHistoryTest {
  private static final Stamp NOON = Stamp.at(Instant.parse("2026-03-01T12:00:00Z"));

  private Stores stores;
  private EventHistory history;

  @BeforeEach
  void start() {
    stores = Stores.start();
    history =
        new EventHistory(
            stores.client(),
            new EventPages(stores.client().getConnectionFactory(), EventFormat.instance()),
            stores.texts());
  }

  @AfterEach
  void stop() {
    stores.close();
  }

  @Test
  void an_empty_store_begins_and_ends_at_zero() {
    assertThat(history.bounds().block()).isEqualTo(new Bounds(0, 0));
    assertThat(after(ACME, null, 0, 10)).isEqualTo(new History(List.of(), 0, 0, 0));
  }

  @Test
  void a_full_page_goes_through_its_last_event_and_the_last_page_through_the_head() {
    AgentKey agent = agent(ACME, "a");
    long first = stores.append(agent, NOON, created(agent));
    long second = stores.append(agent, NOON, new AgentEvent.Started(agent.id()));
    AgentKey foreign = agent(GLOBEX, "a");
    long head = stores.append(foreign, NOON, created(foreign));

    History page = after(ACME, null, 0, 2);
    assertThat(page.events()).extracting(RecordedEvent::position).containsExactly(first, second);
    assertThat(page.through()).isEqualTo(second);
    assertThat(page.earliest()).isEqualTo(first);
    assertThat(page.head()).isEqualTo(head);

    History last = after(ACME, null, second, 2);
    assertThat(last.events()).isEmpty();
    assertThat(last.through()).isEqualTo(head);
  }

  @Test
  void an_event_is_shown_with_who_did_it_and_what_it_holds() {
    AgentKey agent = agent(ACME, "a");
    stores.append(agent, NOON, created(agent));
    stores.append(
        agent,
        new Stamp(NOON.time().plusNanos(1000), "bob", "cause"),
        new AgentEvent.Paused(agent.id(), "lunch"));

    RecordedEvent paused = after(ACME, agent.id(), 0, 10).events().getLast();
    assertThat(paused.type()).isEqualTo("agent.paused");
    assertThat(paused.version()).isEqualTo(1);
    assertThat(paused.time()).isEqualTo(NOON.time().plusNanos(1000));
    assertThat(paused.actor()).isEqualTo(new RecordedEvent.Actor("bob", "jwt"));
    assertThat(paused.requestId()).isEqualTo("r1");
    assertThat(paused.correlationId()).isEqualTo("cause");
    assertThat(paused.previous()).isNull();
    assertThat(paused.data().get("reason").stringValue()).isEqualTo("lunch");
  }

  @Test
  void an_agents_history_holds_nothing_of_others() {
    for (String id : List.of("a", "b")) {
      for (TenantId tenant : List.of(ACME, GLOBEX)) {
        AgentKey agent = agent(tenant, id);
        stores.append(agent, NOON, created(agent));
        stores.append(agent, NOON, new AgentEvent.Started(agent.id()));
      }
    }

    assertThat(after(ACME, new AgentId("a"), 0, 10).events())
        .hasSize(2)
        .allMatch(event -> event.tenant().equals(ACME) && event.agentId().value().equals("a"));
    assertThat(after(ACME, null, 0, 10).events())
        .hasSize(4)
        .allMatch(event -> event.tenant().equals(ACME));
    assertThat(after(new TenantId("nobody"), null, 0, 10).events()).isEmpty();
  }

  @Test
  void a_cursor_ahead_of_the_store_does_not_go_back() {
    AgentKey agent = agent(ACME, "a");
    stores.append(agent, NOON, created(agent));

    assertThat(after(ACME, null, 1_000_000, 10).through()).isEqualTo(1_000_000);
  }

  @Test
  void an_erased_payload_is_null_and_its_event_remains() {
    AgentKey agent = agent(ACME, "a");
    long position = stores.append(agent, NOON, created(agent));
    stores.sql(
        "UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position = " + position);

    RecordedEvent event = after(ACME, null, 0, 10).events().getFirst();
    assertThat(event.type()).isEqualTo("agent.created");
    assertThat(event.data().isNull()).isTrue();
  }

  @Test
  void pages_miss_nothing_while_many_append() throws Exception {
    int writers = 4;
    int each = 60;
    var appended = new ArrayList<Future<List<Long>>>();
    var seen = new ArrayList<Long>();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int w = 0; w < writers; w++) {
        TenantId tenant = w % 2 == 0 ? ACME : GLOBEX;
        AgentKey agent = agent(tenant, "writer-" + w);
        appended.add(executor.submit(() -> write(agent, each)));
      }
      long cursor = 0;
      while (seen.size() < writers / 2 * each) {
        History page = after(ACME, null, cursor, 7);
        page.events().forEach(event -> seen.add(event.position()));
        assertThat(page.through()).isGreaterThanOrEqualTo(cursor);
        cursor = page.through();
      }
    }

    var acme = new ArrayList<Long>();
    for (int w = 0; w < writers; w += 2) {
      acme.addAll(appended.get(w).get());
    }
    assertThat(seen).isSorted().containsExactlyInAnyOrderElementsOf(acme);
  }

  private List<Long> write(AgentKey agent, int events) throws SQLException {
    var positions = new ArrayList<Long>();
    try (Connection connection = stores.connect()) {
      positions.add(Stores.append(connection, agent, NOON, created(agent)));
      while (positions.size() < events) {
        positions.add(Stores.append(connection, agent, NOON, new AgentEvent.Started(agent.id())));
      }
    }
    return positions;
  }

  @Test
  void nothing_overtakes_an_append_that_is_held_open() throws Exception {
    AgentKey slow = agent(ACME, "slow");
    AgentKey fast = agent(ACME, "fast");
    long before = stores.append(slow, NOON, created(slow));
    try (Connection held = stores.connect();
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      held.setAutoCommit(false);
      long late = Stores.append(held, slow, NOON, new AgentEvent.Started(slow.id()));
      Future<Long> waiting = executor.submit(() -> stores.append(fast, NOON, created(fast)));

      History meanwhile = after(ACME, null, 0, 10);
      assertThat(meanwhile.events()).extracting(RecordedEvent::position).containsExactly(before);
      assertThat(meanwhile.through()).isLessThan(late);

      held.commit();
      long behind = waiting.get();
      assertThat(after(ACME, null, meanwhile.through(), 10).events())
          .extracting(RecordedEvent::position)
          .containsExactly(late, behind);
    }
  }

  private History after(TenantId tenant, @Nullable AgentId agent, long after, int limit) {
    return Objects.requireNonNull(history.after(new After(tenant, agent, after, limit)).block());
  }
}
