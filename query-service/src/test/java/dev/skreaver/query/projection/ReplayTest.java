package dev.skreaver.query.projection;

import static dev.skreaver.query.projection.ExactlyOnceTest.rounds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.projection.ProjectionAdmin;
import dev.skreaver.query.StoredEvents;
import dev.skreaver.query.StoredEvents.Draft;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class ReplayTest {
  private static final String WAITS_FOR_THE_VIEW =
      """
      SELECT EXISTS (SELECT FROM pg_locks
        WHERE relation = 'read_model.tally'::regclass AND mode = 'AccessExclusiveLock'
          AND NOT granted)
      """;

  private static final String HAS_B =
      "SELECT EXISTS (SELECT FROM read_model.tally WHERE agent = 'acme/b')";

  private static final int MORE_THAN_A_PAGE = PagesAhead.PAGE + 500;

  private final StoredEvents store = StoredEvents.create();
  private final Tally tally = new Tally();

  @Test
  void readers_never_see_less_than_before_however_often_it_is_switched() throws Exception {
    try (Node node = Node.start(store, tally)) {
      node.reaches(store.append(rounds(50, 20)));
      var over = new AtomicBoolean();
      CompletableFuture<Void> reader =
          CompletableFuture.runAsync(
              () -> {
                long least = 1_000;
                while (!over.get()) {
                  least = assertNotLess(least);
                }
              });
      for (int generation = 2; generation <= 6; generation++) {
        node.admin().replay("tally", null).block(Node.LONG);
        store.append(rounds(50, 2));
        awaitGeneration(node, generation);
      }
      over.set(true);
      reader.join();

      node.reaches(store.append(rounds(50, 2)));
      assertThat(events()).isEqualTo(1_600);
    }
  }

  private long assertNotLess(long least) {
    long now = events();
    assertThat(now).isGreaterThanOrEqualTo(least);
    return now;
  }

  @Test
  void a_reader_that_takes_long_delays_the_switch_and_nothing_else() throws Exception {
    try (Node node = Node.start(store, tally);
        Connection reader = store.connect();
        Statement query = reader.createStatement()) {
      node.reaches(store.append(rounds(50, 20)));
      reader.setAutoCommit(false);
      query.execute("SELECT * FROM read_model.tally");

      node.admin().replay("tally", null).block(Node.LONG);
      for (int attempt = 1; attempt <= 3; attempt++) {
        await().atMost(Node.LONG).until(() -> store.value(WAITS_FOR_THE_VIEW, Boolean.class));
        await().atMost(Node.LONG).until(() -> !store.value(WAITS_FOR_THE_VIEW, Boolean.class));
        assertThat(node.engine().trouble()).isNull();
      }
      assertThat(node.status().generation()).isEqualTo(1);

      reader.rollback();
      awaitGeneration(node, 2);
      assertThat(events()).isEqualTo(1_000);
    }
  }

  @Test
  void a_paused_replay_waits_on_all_instances_and_across_restarts_until_it_is_resumed()
      throws Exception {
    long built;
    try (Node node = Node.start(store, tally)) {
      node.reaches(store.append(rounds(50, 40)));
      node.admin().replay("tally", 100).block(Node.LONG);
      await().atMost(Node.LONG).until(() -> replay(node).position() > 0);
      assertThat(replay(node).limit()).isEqualTo(100);

      node.admin().pauseReplay("tally").block(Node.LONG);
      assertThat(replay(node).paused()).isTrue();
    }
    try (Node node = Node.start(store, tally);
        Node other = Node.start(store, tally)) {
      built = replay(node).position();
      long head = store.append(rounds(50, 2));
      node.reaches(head);
      other.reaches(head);
      assertThat(replay(node).position()).isEqualTo(built).isLessThan(2_000);
      assertThat(replay(other).paused()).isTrue();
      assertThat(replay(other).secondsLeft()).isNull();

      other.admin().resumeReplay("tally", 1_000_000).block(Node.LONG);
      awaitGeneration(node, 2);
      node.reaches(head);
      assertThat(events()).isEqualTo(2_100);
    }
  }

  @Test
  void a_replay_that_is_told_no_pace_takes_the_one_that_is_set() throws Exception {
    try (Node node = Node.start(store, tally, Map.of("SKREAVER_REPLAY_EVENTS_PER_SECOND", "1"))) {
      node.reaches(store.append(rounds(50, 20)));

      node.admin().replay("tally", null).block(Node.LONG);
      assertThat(replay(node).limit()).isEqualTo(1);
    }
  }

  @Test
  void in_a_limited_replay_segments_that_are_behind_go_on_first() throws Exception {
    var blocking = new Tally(4, FailurePolicy.BLOCK);
    try (Node node = Node.start(store, blocking)) {
      store.append(Draft.paused("a", "poison"));
      long head = store.append(rounds(50, 40));
      node.reaches(head);
      blocking.poison.add("poison");
      node.admin().replay("tally", 2).block(Node.LONG);
      await().atMost(Node.LONG).until(() -> furthest() >= 4);
      long others = furthest();
      assertThat(replay(node).position()).isZero();

      blocking.poison.clear();
      await().atMost(Node.LONG).until(() -> replay(node).position() >= others);
      assertThat(furthest()).isLessThan(head);

      node.admin().resumeReplay("tally", 1_000_000).block(Node.LONG);
      awaitGeneration(node, 2);
      assertThat(events()).isEqualTo(2_001);
      assertThat(store.value("SELECT bool_and(in_order) FROM read_model.tally", Boolean.class))
          .isTrue();
    }
  }

  /** Where the furthest segment of the second generation is. */
  private long furthest() {
    return store.value(
        "SELECT max(position) FROM read_model.projection_token WHERE generation = 2", Long.class);
  }

  @Test
  void once_it_serves_no_event_waits_for_segments_that_are_behind() throws Exception {
    var blocking = new Tally(4, FailurePolicy.BLOCK);
    try (Node node = Node.start(store, blocking)) {
      node.reaches(store.append(Draft.paused("a", "fine")));
      node.admin().replay("tally", null).block(Node.LONG);
      await().atMost(Node.LONG).until(() -> Objects.equals(live(node), 2));
      blocking.poison.add("poison");
      store.append(Draft.paused("a", "poison"));
      store.append(Collections.nCopies(MORE_THAN_A_PAGE, Draft.paused("a", "fine")));
      await().atMost(Node.LONG).until(() -> node.status().status().equals("stalled"));

      var firstPage = Sinks.<Void>empty();
      var whatFollows = Sinks.<Void>empty();
      int before = blocking.writes.get();
      blocking.afterWrite =
          connection -> (blocking.writes.get() == before + 1 ? firstPage : whatFollows).asMono();
      blocking.poison.clear();
      await().atMost(Node.LONG).until(() -> blocking.writes.get() == before + 1);
      long head = store.append(Draft.paused("b", "new"));
      await().atMost(Node.LONG).until(() -> node.tail().head() == head);
      firstPage.tryEmitEmpty();

      await().atMost(Node.LONG).until(() -> store.value(HAS_B, Boolean.class));
      whatFollows.tryEmitEmpty();
      node.reaches(head);
    }
  }

  private static @Nullable Integer live(Node node) {
    Registry.Entry entry = node.engine().entries().get("tally");
    return entry == null ? null : entry.live();
  }

  @Test
  void there_is_nothing_to_pause_or_resume_without_a_replay() {
    try (Node node = Node.start(store, tally)) {
      assertRefused(node.admin().pauseReplay("tally"), ErrorCode.REPLAY_NOT_FOUND);
      assertRefused(node.admin().resumeReplay("tally", null), ErrorCode.REPLAY_NOT_FOUND);
      assertRefused(node.admin().replay("tally", 0), ErrorCode.INVALID_INPUT);
      assertRefused(node.admin().pauseReplay("nothing"), ErrorCode.PROJECTION_NOT_FOUND);
    }
  }

  @Test
  void a_limited_replay_takes_small_portions_and_waits_after_them() {
    var rebuild = new Rebuild(Rebuild.Pace.UNLIMITED, () -> true);
    assertThat(rebuild.atOnce(2_000)).isEqualTo(2_000);
    assertThat(rebuild.passed(2_000)).isZero();

    rebuild.pace(new Rebuild.Pace(false, 1_000));
    assertThat(rebuild.atOnce(2_000)).isEqualTo(100);
    assertThat(rebuild.passed(60_000)).isGreaterThan(Duration.ofSeconds(30).toNanos());

    rebuild.pace(Rebuild.Pace.UNLIMITED);
    assertThat(rebuild.passed(2_000)).isZero();
  }

  @Test
  void the_indexes_of_queries_are_there_when_a_replay_is_over() throws Exception {
    try (Node node = Node.start(store, tally)) {
      store.execute("CREATE INDEX ON read_model.tally_template (events) WHERE in_order");
      node.reaches(store.append(rounds(50, 20)));

      node.admin().replay("tally", null).block(Node.LONG);
      awaitGeneration(node, 2);
      assertThat(
              store.value(
                  "SELECT string_agg(substring(indexdef FROM ' USING .*'), ',' ORDER BY 1) FROM"
                      + " pg_indexes WHERE tablename = 'tally_2'",
                  String.class))
          .isEqualTo(" USING btree (agent), USING btree (events) WHERE in_order");
    }
  }

  private static ProjectionAdmin.Replay replay(Node node) {
    return Objects.requireNonNull(node.status().replay());
  }

  private static void assertRefused(Mono<?> asked, ErrorCode code) {
    assertThatThrownBy(() -> asked.block(Node.LONG))
        .isInstanceOfSatisfying(
            Refusal.class, refusal -> assertThat(refusal.code()).isEqualTo(code));
  }

  private long events() {
    return store.value("SELECT sum(events)::bigint FROM read_model.tally", Long.class);
  }

  private static void awaitGeneration(Node node, int generation) {
    await().atMost(Node.LONG).until(() -> node.status().generation() == generation);
  }
}
