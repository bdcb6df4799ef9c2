package dev.skreaver.query.projection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.projection.ProjectionAdmin.DeadLetter;
import dev.skreaver.api.projection.ProjectionAdmin.Retry;
import dev.skreaver.query.StoredEvents;
import dev.skreaver.query.StoredEvents.Draft;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class DeadLetterTest {
  private final StoredEvents store = StoredEvents.create();
  private final Tally tally = new Tally();

  @Test
  void an_event_that_cannot_be_applied_waits_with_its_followers_and_a_retry_heals()
      throws SQLException {
    tally.poison.add("poison");
    try (Node node = Node.start(store, tally)) {
      store.append(
          Draft.paused("a", "fine"),
          Draft.paused("b", "fine"),
          Draft.paused("b", "poison"),
          Draft.paused("a", "fine"));
      node.reaches(store.append(Draft.paused("b", "fine"), Draft.paused("a", "fine")));

      List<DeadLetter> letters = letters(node);
      assertThat(letters).extracting(DeadLetter::sequence).containsExactly("acme/b", "acme/b");
      assertThat(letters.getFirst().cause()).contains("cannot handle 'poison'");
      assertThat(letters.getFirst().eventType()).isEqualTo("agent.paused");
      assertThat(letters.getFirst().position()).isEqualTo(3);
      assertThat(node.status().deadLetters()).isEqualTo(2);
      assertThat(node.status().status()).isEqualTo("live");
      assertThat(events("a")).isEqualTo(3);
      assertThat(events("b")).isEqualTo(1);

      Retry failed = retry(node, letters.getFirst());
      assertThat(failed.handled()).isZero();
      assertThat(failed.remaining()).isEqualTo(2);
      assertThat(failed.cause()).contains("cannot handle 'poison'");

      tally.poison.clear();
      Retry healed = retry(node, letters.getLast());
      assertThat(healed).isEqualTo(new Retry(2, 0, null));
      assertThat(letters(node)).isEmpty();

      node.reaches(store.append(Draft.paused("b", "fine")));
      assertThat(events("b")).isEqualTo(4);
      assertThat(store.value("SELECT bool_and(in_order) FROM read_model.tally", Boolean.class))
          .isTrue();
    }
  }

  @Test
  void an_event_that_the_database_refuses_harms_no_other_agent() throws SQLException {
    try (Node node = Node.start(store, tally)) {
      node.reaches(
          store.append(
              Draft.paused("a", "fine"),
              Draft.paused("b", "refused"),
              Draft.paused("c", "fine"),
              Draft.paused("b", "fine"),
              Draft.paused("d", "fine")));

      assertThat(letters(node)).extracting(DeadLetter::position).containsExactly(2L, 4L);
      assertThat(letters(node).getFirst().cause()).contains("last_reason");
      assertThat(store.value("SELECT count(*) FROM read_model.tally", Long.class)).isEqualTo(3);

      store.execute(
          "ALTER TABLE read_model.tally_1 DROP CONSTRAINT tally_template_last_reason_check");
      assertThat(retry(node, letters(node).getLast()).handled()).isEqualTo(2);
      assertThat(events("b")).isEqualTo(2);
    }
  }

  @Test
  void a_projection_that_may_have_no_holes_stalls_visibly_until_the_cause_is_gone()
      throws SQLException {
    var blocking = new Tally(2, FailurePolicy.BLOCK);
    blocking.poison.add("poison");
    try (Node node = Node.start(store, blocking)) {
      long head = store.append(Draft.paused("a", "fine"), Draft.paused("b", "poison"));
      await().atMost(Node.LONG).until(() -> node.status().status().equals("stalled"));
      assertThat(node.status().error()).contains("position 2").contains("cannot handle 'poison'");
      assertThat(node.status().lag()).isPositive();
      assertThat(letters(node)).isEmpty();

      blocking.poison.clear();
      node.reaches(head);
      assertThat(node.status().status()).isEqualTo("live");
      assertThat(events("b")).isEqualTo(1);
    }
  }

  @Test
  void an_event_of_a_newer_release_stalls_the_projection_and_is_not_skipped() throws SQLException {
    try (Node node = Node.start(store, tally)) {
      store.append(
          new Draft("a", "agent.cloned", "{\"agent_id\":\"a\"}"), Draft.paused("a", "fine"));
      await().atMost(Node.LONG).until(() -> node.status().status().equals("stalled"));
      assertThat(node.status().error()).contains("unknown event 'agent.cloned'");
      assertThat(letters(node)).isEmpty();
      assertThat(node.status().position()).isZero();
    }
  }

  @Test
  void an_unknown_dead_letter_cannot_be_retried() {
    try (Node node = Node.start(store, tally)) {
      assertThatThrownBy(() -> node.admin().retry(77).block(Node.LONG))
          .isInstanceOfSatisfying(
              Refusal.class,
              refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.DEAD_LETTER_NOT_FOUND));
    }
  }

  private static Retry retry(Node node, DeadLetter letter) {
    return Objects.requireNonNull(node.admin().retry(letter.id()).block(Node.LONG));
  }

  /** By position. */
  private static List<DeadLetter> letters(Node node) {
    return node.admin()
        .deadLetters(null, 100)
        .sort(Comparator.comparingLong(DeadLetter::position))
        .collectList()
        .blockOptional(Node.LONG)
        .orElseThrow();
  }

  private long events(String agent) {
    return store.value(
        "SELECT coalesce(max(events), 0) FROM read_model.tally WHERE agent = 'acme/%s'"
            .formatted(agent),
        Long.class);
  }
}
