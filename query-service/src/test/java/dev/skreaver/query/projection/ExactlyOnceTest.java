package dev.skreaver.query.projection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.query.StoredEvents;
import dev.skreaver.query.StoredEvents.Draft;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class ExactlyOnceTest {
  private static final String NO_LUCK =
      "DO $$ BEGIN RAISE EXCEPTION 'no luck' USING ERRCODE = '40001'; END $$";

  private final StoredEvents store = StoredEvents.create();
  private final Tally tally = new Tally();

  @Test
  void every_event_counts_once_and_in_order() throws Exception {
    try (Node node = Node.start(store, tally)) {
      node.reaches(store.append(rounds(50, 20)));

      assertExact(1_000, 50);
      assertThat(node.status().status()).isEqualTo("live");
    }
  }

  @Test
  void connections_that_die_after_the_write_leave_nothing_behind() throws Exception {
    var left = new AtomicInteger(6);
    tally.afterWrite =
        connection ->
            left.getAndDecrement() > 0
                ? Flux.from(
                        connection
                            .createStatement("SELECT pg_terminate_backend(pg_backend_pid())")
                            .execute())
                    .flatMap(result -> result.map(row -> 1))
                    .then()
                : Mono.empty();

    long head = store.append(rounds(50, 20));
    try (Node node = Node.start(store, tally)) {
      node.reaches(head);

      assertExact(1_000, 50);
      assertThat(left).hasNonPositiveValue();
    }
  }

  @Test
  void a_transient_failure_is_tried_again_and_nothing_is_set_aside() throws Exception {
    var left = new AtomicInteger(3);
    tally.afterWrite =
        connection ->
            left.getAndDecrement() > 0
                ? Flux.from(connection.createStatement(NO_LUCK).execute())
                    .flatMap(result -> result.getRowsUpdated())
                    .then()
                : Mono.empty();

    long head = store.append(rounds(10, 5));
    try (Node node = Node.start(store, tally)) {
      node.reaches(head);

      assertExact(50, 10);
      assertThat(node.status().deadLetters()).isZero();
      assertThat(node.status().error()).isNull();
    }
  }

  @Test
  void a_restarted_service_goes_on_where_it_was() throws Exception {
    try (Node node = Node.start(store, tally)) {
      node.reaches(store.append(rounds(10, 5)));
    }
    long head = store.append(rounds(10, 5));
    try (Node node = Node.start(store, tally)) {
      node.reaches(head);

      assertExact(100, 10);
    }
  }

  @Test
  void events_that_are_committed_late_are_neither_missed_nor_reordered() throws Exception {
    try (Node node = Node.start(store, tally);
        Connection late = store.connect()) {
      store.append(rounds(5, 2));
      late.setAutoCommit(false);
      store.append(late, List.of(Draft.paused("late", "one"), Draft.paused("late", "two")));
      Thread others =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      store.append(rounds(5, 2));
                    } catch (java.sql.SQLException e) {
                      throw new IllegalStateException(e);
                    }
                  });
      List<Long> seen = new ArrayList<>();
      var live =
          node.tail().live(0).doOnNext(event -> seen.add(event.position())).take(22).collectList();
      var all = live.toFuture();
      assertThat(others.join(java.time.Duration.ofSeconds(3))).isFalse();
      late.commit();
      others.join();
      long head = store.value("SELECT max(position) FROM event_store.event", Long.class);
      node.reaches(head);

      assertExact(22, 6);
      var events = all.get(60, java.util.concurrent.TimeUnit.SECONDS);
      long previous = 0;
      for (var event : events) {
        assertThat(event.previous()).isEqualTo(previous);
        previous = event.position();
      }
      assertThat(previous).isEqualTo(head);
    }
  }

  @Test
  void what_the_database_has_lost_is_projected_again() throws Exception {
    try (Node node = Node.start(store, tally)) {
      node.reaches(store.append(rounds(10, 5)));
      store.execute(
          "CREATE TABLE read_model.kept AS TABLE read_model.tally_1;"
              + " CREATE TABLE read_model.kept_token AS TABLE read_model.projection_token");
      long head = store.append(rounds(10, 5));
      node.reaches(head);

      store.execute(
          "BEGIN; TRUNCATE read_model.tally_1;"
              + " INSERT INTO read_model.tally_1 SELECT * FROM read_model.kept;"
              + " UPDATE read_model.projection_token t SET position = k.position FROM"
              + " read_model.kept_token k WHERE k.segment = t.segment; COMMIT;"
              + " SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <>"
              + " pg_backend_pid() AND datname = current_database()");
      await().atMost(Node.LONG).ignoreExceptions().untilAsserted(() -> assertExact(100, 10));
      node.reaches(head);
      assertExact(100, 10);
    }
  }

  private void assertExact(long events, long agents) {
    assertThat(store.value("SELECT sum(events)::bigint FROM read_model.tally", Long.class))
        .isEqualTo(events);
    assertThat(store.value("SELECT count(*) FROM read_model.tally", Long.class)).isEqualTo(agents);
    assertThat(store.value("SELECT bool_and(in_order) FROM read_model.tally", Boolean.class))
        .isTrue();
  }

  static List<Draft> rounds(int agents, int each) {
    var drafts = new ArrayList<Draft>();
    for (int round = 0; round < each; round++) {
      for (int agent = 0; agent < agents; agent++) {
        drafts.add(Draft.paused("agent-" + agent, "round " + round));
      }
    }
    return drafts;
  }
}
