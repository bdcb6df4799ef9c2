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
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
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
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;
import reactor.core.publisher.Mono;

/** What is asked of a past that is in the archive only: it is refused, and says what is kept. */
class ArchivedPastTest {
  private static final Stamp NOON = Stamp.at(Instant.parse("2026-03-01T12:00:00Z"));
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
    stores.append(OLD, NOON, new AgentEvent.Started(OLD.id()));
    stores.append(OLD, NOON, new AgentEvent.Deleted(OLD.id()));
    stores.append(YOUNG, NOON, created(YOUNG));
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
