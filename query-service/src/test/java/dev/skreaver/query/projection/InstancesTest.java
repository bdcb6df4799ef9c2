package dev.skreaver.query.projection;

import static dev.skreaver.query.projection.ExactlyOnceTest.rounds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.query.StoredEvents;
import dev.skreaver.query.postgres.Session;
import org.junit.jupiter.api.Test;

class InstancesTest {
  private static final String OWNERS =
      "SELECT count(DISTINCT owner) FROM read_model.projection_token WHERE owner IS NOT NULL";

  private final StoredEvents store = StoredEvents.create();
  private final Tally tally = new Tally();

  @Test
  void instances_share_the_segments_and_each_knows_how_far_all_are() throws Exception {
    try (Node one = Node.start(store, tally);
        Node other = Node.start(store, tally)) {
      store.append(rounds(50, 20));
      awaitOwners(2);

      long head = store.append(rounds(50, 20));
      assertReached(one, head);
      assertReached(other, head);
      assertExact(2_000);
    }
  }

  @Test
  void what_an_instance_leaves_behind_the_other_one_goes_on_with() throws Exception {
    try (Node one = Node.start(store, tally)) {
      long head;
      try (Node other = Node.start(store, tally)) {
        awaitOwners(2);
        head = store.append(rounds(50, 100));
        assertThat(other.status().generation()).isEqualTo(1);
      }
      assertReached(one, head);
      assertExact(5_000);
      awaitOwners(1);
    }
  }

  @Test
  void a_read_model_built_anew_serves_in_every_instance() throws Exception {
    try (Node one = Node.start(store, tally);
        Node other = Node.start(store, tally)) {
      store.append(rounds(50, 20));
      awaitOwners(2);

      one.admin().replay("tally", null).block(Node.LONG);
      store.append(rounds(50, 20));
      await().atMost(Node.LONG).until(() -> other.status().generation() == 2);

      long head = store.append(rounds(50, 20));
      assertReached(one, head);
      assertReached(other, head);
      assertExact(3_000);
    }
  }

  @Test
  void what_a_vanished_instance_has_locked_is_not_locked_for_ever() {
    try (Node node = Node.start(store, tally);
        Session session = Session.open(node.readModel())) {
      assertThat(
              session.rows(
                  "SELECT current_setting('idle_in_transaction_session_timeout')",
                  row -> String.valueOf(row.get(0))))
          .containsExactly("30s");
    }
  }

  private static void assertReached(Node node, long head) {
    assertThat(node.gate().reached("tally", head).retry().block(Node.LONG))
        .isGreaterThanOrEqualTo(head);
  }

  private void awaitOwners(long owners) {
    await().atMost(Node.LONG).until(() -> store.value(OWNERS, Long.class) == owners);
  }

  private void assertExact(long events) {
    assertThat(store.value("SELECT sum(events)::bigint FROM read_model.tally", Long.class))
        .isEqualTo(events);
    assertThat(store.value("SELECT bool_and(in_order) FROM read_model.tally", Boolean.class))
        .isTrue();
  }
}
