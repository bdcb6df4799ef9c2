package dev.skreaver.query.projection;

import static dev.skreaver.query.projection.ExactlyOnceTest.rounds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.projection.ProjectionAdmin;
import dev.skreaver.platform.health.ReadinessCheck.Finding;
import dev.skreaver.platform.health.ReadinessStatus;
import dev.skreaver.query.StoredEvents;
import dev.skreaver.query.StoredEvents.Draft;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Releases with different versions of a read model, side by side. */
class VersionsTest {
  private static final String LONG_UNUSED =
      "UPDATE read_model.projection SET used_at = now() - interval '2 days'";

  private static final String DROP_FIRST =
      """
      DROP VIEW read_model.tally;
      DROP TABLE read_model.tally_1;
      DELETE FROM read_model.projection_token WHERE generation = 1;
      DELETE FROM read_model.projection WHERE version = 1
      """;

  private static final String WAITS_FOR_A_ROW =
      """
      SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
          AND query LIKE 'UPDATE read_model.projection SET used_at%')
      """;

  private final StoredEvents store = StoredEvents.create();
  private final Tally tally = new Tally();
  private final Tally next = new Tally(2, 4, FailurePolicy.BLOCK);

  @Test
  void an_older_release_goes_on_while_a_newer_one_builds_its_own_and_after_that() throws Exception {
    try (Node old = Node.start(store, tally)) {
      old.reaches(store.append(rounds(50, 20)));
      try (Node newer = Node.start(store, next)) {
        store.append(rounds(50, 20));
        await().atMost(Node.LONG).until(() -> newer.status().status().equals("live"));
        assertThat(newer.status().version()).isEqualTo(2);

        long head = store.append(rounds(50, 20));
        old.reaches(head);
        newer.reaches(head);
        assertThat(old.status().generation()).isEqualTo(1);
        assertThat(old.status().version()).isEqualTo(1);
        assertThat(old.status().status()).isEqualTo("live");
        assertExact("tally", "last_reason", 3_000);
        assertExact("tally_v2", "latest_reason", 3_000);
      }
    }
  }

  @Test
  void each_release_rebuilds_its_own_version() throws Exception {
    try (Node old = Node.start(store, tally);
        Node newer = Node.start(store, next)) {
      long head = store.append(rounds(50, 20));
      newer.reaches(head);
      await().atMost(Node.LONG).until(() -> newer.status().status().equals("live"));
      int before = newer.status().generation();

      old.admin().replay("tally", null).block(Node.LONG);
      await().atMost(Node.LONG).until(() -> old.status().generation() > before);
      assertThat(newer.status().generation()).isEqualTo(before);
      old.reaches(store.append(rounds(50, 20)));
      assertExact("tally", "last_reason", 2_000);
    }
  }

  @Test
  void a_version_that_is_not_complete_serves_nobody() throws Exception {
    next.poison.add("poison");
    try (Node old = Node.start(store, tally)) {
      old.reaches(store.append(Draft.paused("a", "fine"), Draft.paused("b", "poison")));
      try (Node newer = Node.start(store, next)) {
        await().atMost(Node.LONG).until(() -> newer.status().status().equals("stalled"));
        assertThatThrownBy(() -> newer.gate().reached("tally", null).block(Node.LONG))
            .isInstanceOfSatisfying(
                Refusal.class,
                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.READ_MODEL_UNAVAILABLE));
        assertThat(isReady(newer)).isFalse();
        assertThat(isReady(old)).isTrue();

        next.poison.clear();
        await().atMost(Node.LONG).until(() -> newer.status().status().equals("live"));
        assertThat(newer.gate().reached("tally", null).block(Node.LONG)).isEqualTo(2);
        await().atMost(Node.LONG).until(() -> isReady(newer));
      }
    }
  }

  @Test
  void nothing_is_built_while_events_are_archived() throws Exception {
    try (Node old = Node.start(store, tally)) {
      old.reaches(store.append(Draft.paused("a", "fine")));
      store.execute(
          "INSERT INTO event_store.archive (first_position, last_position, events, sha256) VALUES"
              + " (1, 10, 10, '')");

      assertThatThrownBy(() -> old.admin().replay("tally", null).block(Node.LONG))
          .isInstanceOfSatisfying(
              Refusal.class,
              refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.POSITION_NOT_KEPT));
      try (Node newer = Node.begin(store, next, 10_000)) {
        await().atMost(Node.LONG).until(() -> reason(newer).contains("restore the archive"));
        assertThat(isReady(newer)).isFalse();
        assertThat(isReady(old)).isTrue();

        store.execute("DELETE FROM event_store.archive");
        await()
            .atMost(Node.LONG)
            .ignoreExceptions()
            .until(() -> newer.status().status().equals("live"));
      }
    }
  }

  @Test
  void a_release_that_comes_back_goes_on_where_it_was() throws Exception {
    try (Node old = Node.start(store, tally)) {
      old.reaches(store.append(rounds(50, 20)));
    }
    try (Node newer = Node.start(store, next)) {
      newer.reaches(store.append(rounds(50, 20)));
    }
    try (Node old = Node.start(store, tally)) {
      old.reaches(store.append(rounds(50, 20)));
      assertThat(old.status().generation()).isEqualTo(1);
      assertExact("tally", "last_reason", 3_000);
    }
  }

  @Test
  void what_no_release_has_used_for_long_is_dropped() throws Exception {
    try (Node old = Node.start(store, tally)) {
      old.reaches(store.append(rounds(50, 2)));
    }
    store.execute(LONG_UNUSED);
    try (Node newer = Node.start(store, next)) {
      await()
          .atMost(Node.LONG)
          .until(
              () -> store.value("SELECT to_regclass('read_model.tally_1') IS NULL", Boolean.class));
      newer.reaches(store.append(rounds(50, 2)));
      assertExact("tally_v2", "latest_reason", 200);
      assertThat(store.value("SELECT count(*) FROM read_model.projection", Long.class))
          .isEqualTo(1);
    }
  }

  @Test
  void what_an_instance_handles_is_kept_however_long_ago_its_use_was_noted() throws Exception {
    try (Node old = Node.start(store, tally);
        Node newer = Node.start(store, next)) {
      await().atMost(Node.LONG).until(() -> newer.status().status().equals("live"));
      store.execute(LONG_UNUSED);
      newer.registry().dropUnused(next);

      old.reaches(store.append(rounds(50, 2)));
      assertExact("tally", "last_reason", 100);
    }
  }

  @Test
  void a_release_uses_its_read_model_from_its_start_on() throws Exception {
    try (Node old = Node.start(store, tally)) {
      old.reaches(store.append(rounds(50, 2)));
    }
    try (Node newer = Node.start(store, next)) {
      await().atMost(Node.LONG).until(() -> newer.status().status().equals("live"));
    }
    store.execute(LONG_UNUSED);
    Node.start(store, tally).close();
    try (Node newer = Node.start(store, next)) {
      newer.registry().dropUnused(next);

      assertExact("tally", "last_reason", 100);
    }
  }

  @Test
  void a_release_that_comes_while_its_read_model_is_dropped_builds_it_anew() throws Exception {
    try (Node old = Node.start(store, tally)) {
      old.reaches(store.append(rounds(50, 2)));
    }
    try (Node newer = Node.start(store, next);
        Connection dropping = store.connect();
        Statement statement = dropping.createStatement()) {
      await().atMost(Node.LONG).until(() -> newer.status().status().equals("live"));
      dropping.setAutoCommit(false);
      statement.execute(DROP_FIRST);
      try (Node old = Node.begin(store, tally, 10_000)) {
        await().atMost(Node.LONG).until(() -> store.value(WAITS_FOR_A_ROW, Boolean.class));
        dropping.commit();

        await()
            .atMost(Node.LONG)
            .ignoreExceptions()
            .until(() -> old.status().status().equals("live"));
        assertExact("tally", "last_reason", 100);
      }
    }
  }

  @Test
  void an_instance_whose_read_model_was_dropped_is_not_ready_and_says_what_to_do()
      throws Exception {
    try (Node old = Node.start(store, tally)) {
      await().atMost(Node.LONG).until(() -> isReady(old));

      store.execute(DROP_FIRST);
      await().atMost(Node.LONG).until(() -> reason(old).contains("restart the instance"));
      assertThat(isReady(old)).isFalse();
    }
  }

  @Test
  void a_new_version_is_built_at_the_pace_that_is_set() throws Exception {
    try (Node old = Node.start(store, tally)) {
      old.reaches(store.append(rounds(50, 20)));
      try (Node newer = Node.start(store, next, Map.of("SKREAVER_REPLAY_EVENTS_PER_SECOND", "1"))) {
        assertThat(newer.status().replay())
            .isNotNull()
            .extracting(ProjectionAdmin.Replay::limit)
            .isEqualTo(1);
      }
    }
  }

  private static boolean isReady(Node node) {
    return readiness(node).equals(ReadinessStatus.healthy());
  }

  private static String reason(Node node) {
    return String.valueOf(readiness(node).reason());
  }

  private static ReadinessStatus readiness(Node node) {
    Finding finding = Objects.requireNonNull(node.readiness().check().block(Node.LONG));
    return finding.status();
  }

  private void assertExact(String view, String reason, long events) {
    assertThat(store.value("SELECT sum(events)::bigint FROM read_model." + view, Long.class))
        .isEqualTo(events);
    assertThat(store.value("SELECT bool_and(in_order) FROM read_model." + view, Boolean.class))
        .isTrue();
    assertThat(
            store.value("SELECT max(%s) FROM read_model.%s".formatted(reason, view), String.class))
        .startsWith("round");
  }
}
