package dev.skreaver.query;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries.FindAt;
import dev.skreaver.api.agent.AgentQueries.GetAt;
import dev.skreaver.api.agent.AgentQueries.Moment;
import dev.skreaver.api.command.CommandQueries;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.CausationQueries;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventQueries.Search;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.command.archive.Archive;
import dev.skreaver.command.store.SnapshotFormat;
import dev.skreaver.query.fixture.Ask;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import dev.skreaver.query.tail.EventPages;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;
import reactor.core.publisher.Mono;

/** What is asked of a past that is in the archive only: it is refused, and says what is kept. */
class ArchivedPastTest {
  private static final Stamp NOON = Stamp.at(Instant.parse("2026-03-01T12:00:00Z"));
  private static final UUID CAUSE = UUID.randomUUID();
  private static final UUID COMMAND = UUID.randomUUID();
  private static final AgentKey OLD = agent(ACME, "old");
  private static final AgentKey YOUNG = agent(ACME, "young");

  @TempDir private static Path folder;
  private static Stores stores;
  private static QueryNode node;

  @BeforeAll
  static void archive() throws Exception {
    stores = Stores.start();
    stores.sql("SELECT event_store.make_partition(1, 3)");
    node = QueryNode.start(stores);
    detached(stores, node, folder);
  }

  /** A whole life fills the first partition, another one begins behind it. */
  private static Archive detached(Stores stores, QueryNode node, Path folder) {
    stores.append(OLD, NOON, created(OLD));
    stores.append(OLD, CAUSE, NOON.time(), by(COMMAND, Map.of()), new AgentEvent.Started(OLD.id()));
    stores.append(OLD, NOON, new AgentEvent.Deleted(OLD.id()));
    stores.append(
        YOUNG,
        UUID.randomUUID(),
        NOON.time(),
        by(UUID.randomUUID(), Map.of("causation_id", CAUSE.toString())),
        created(YOUNG));
    stores.append(YOUNG, NOON, new AgentEvent.Started(YOUNG.id()));
    node.catchUp();
    var source = new PGSimpleDataSource();
    source.setUrl(stores.database().jdbcUrl());
    source.setUser(stores.database().user());
    source.setPassword(stores.database().password());
    var archive = new Archive(source, folder);
    archive.export(1);
    archive.detach(
        1,
        new Archive.Safety(
            new SnapshotFormat("none", (agent, state) -> state), agent -> {}, stores.last(), 0));
    return archive;
  }

  private static Map<String, String> by(UUID command, Map<String, String> more) {
    var metadata =
        new HashMap<>(
            Map.of(
                "tenant", ACME.value(),
                "subject", NOON.subject(),
                "authentication", "jwt",
                "request_id", "r1",
                "correlation_id", "c1",
                "command_id", command.toString(),
                "command", "create"));
    metadata.putAll(more);
    return metadata;
  }

  @AfterAll
  static void stop() {
    node.close();
    stores.close();
  }

  @Test
  void what_was_restored_is_not_taken_for_archived(@TempDir Path elsewhere) {
    try (Stores own = Stores.start()) {
      own.sql("SELECT event_store.make_partition(1, 5)");
      try (QueryNode asked = QueryNode.start(own)) {
        AgentKey first = agent(ACME, "first");
        own.append(first, NOON, created(first));
        own.append(first, NOON, new AgentEvent.Deleted(first.id()));
        Archive archive = detached(own, asked, elsewhere);

        assertGone(asked.agents().at(new GetAt(OLD, 1L, null)));

        archive.restore(1);
        assertThatThrownBy(() -> asked.agents().at(new GetAt(OLD, 1L, null)).block())
            .asInstanceOf(type(Refusal.class))
            .extracting(Refusal::code)
            .isEqualTo(ErrorCode.AGENT_NOT_FOUND);
      }
    }
  }

  @Test
  void a_page_of_the_trail_that_begins_before_what_is_kept_is_refused() {
    assertGone(node.events().search(trail(0)));
  }

  @Test
  void a_page_of_the_trail_behind_the_archive_is_shown() {
    assertThat(Objects.requireNonNull(node.events().search(trail(3)).block()).events())
        .extracting(RecordedEvent::position)
        .containsExactly(4L, 5L);
  }

  @Test
  void who_reads_on_before_what_is_kept_is_refused_rather_than_taken_past_it() {
    var pages = new EventPages(stores.client().getConnectionFactory(), EventFormat.instance());

    assertGone(pages.after(1, 10));
    assertThat(Objects.requireNonNull(pages.after(3, 10).block()))
        .extracting(RecordedEvent::position)
        .containsExactly(4L, 5L);
  }

  @Test
  void a_command_whose_events_are_archived_is_not_said_to_be_unknown() {
    assertGone(node.commands().get(new CommandQueries.Get(ACME, COMMAND, null)));
  }

  @Test
  void a_page_of_the_ledger_that_begins_before_what_is_kept_is_refused() {
    assertGone(node.commands().search(ledger("0-0")));
    assertThat(Objects.requireNonNull(node.commands().search(ledger("3-0")).block()).commands())
        .hasSize(1);
  }

  private static CommandQueries.Search ledger(String after) {
    return new CommandQueries.Search(ACME, null, null, List.of(), null, null, after, 10, null);
  }

  @Test
  void the_causes_of_an_archived_event_are_refused() {
    assertGone(node.causation().causes(new CausationQueries.From(ACME, null, 2L, 5, 10, null)));
  }

  @Test
  void causes_that_are_archived_are_left_out_openly() {
    var trace =
        Objects.requireNonNull(
            node.causation()
                .causes(new CausationQueries.From(ACME, null, 4L, 5, 10, null))
                .block());

    assertThat(trace.steps()).isEmpty();
    assertThat(trace.truncated()).isTrue();
  }

  @Test
  void the_fleet_of_the_past_is_refused() {
    assertGone(node.agents().listAt(new FindAt(Ask.all(ACME), new Moment(5L, null))));
  }

  @Test
  void an_agent_whose_events_are_archived_cannot_be_shown_as_it_was() {
    assertGone(node.agents().at(new GetAt(OLD, 2L, null)));
  }

  @Test
  void an_agent_whose_events_are_kept_is_shown_as_it_was() {
    assertThat(
            Objects.requireNonNull(node.agents().at(new GetAt(YOUNG, 4L, null)).block())
                .agent()
                .version())
        .isZero();
  }

  @Test
  void a_replay_is_refused() {
    assertGone(node.projections().replay("agent", null));
  }

  private static Search trail(long after) {
    return new Search(ACME, null, List.of(), null, null, null, null, after, 10, null);
  }

  private static void assertGone(Mono<?> asked) {
    assertThatThrownBy(asked::block)
        .asInstanceOf(type(Refusal.class))
        .satisfies(
            refusal -> {
              assertThat(refusal.code()).isEqualTo(ErrorCode.POSITION_NOT_KEPT);
              assertThat(refusal).hasMessageContaining("archive");
            });
  }
}
