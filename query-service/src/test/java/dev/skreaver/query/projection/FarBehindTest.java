package dev.skreaver.query.projection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.StoredEvents;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/** Readers that are further behind than the events that are kept in memory reach. */
class FarBehindTest {
  private static final int BEYOND_MEMORY = 12_000;

  private final StoredEvents store = StoredEvents.create();
  private final Tally tally = new Tally();

  @Test
  void a_live_reader_that_the_events_in_memory_overran_misses_and_repeats_nothing()
      throws SQLException {
    try (Node node = Node.start(store, tally)) {
      node.reaches(store.append(ExactlyOnceTest.rounds(50, 20)));
      var slow = new Reader();
      node.tail().live(0).subscribe(slow);
      slow.request(10);
      await().atMost(Node.LONG).until(() -> slow.seen.size() == 10);

      long head = store.append(ExactlyOnceTest.rounds(50, BEYOND_MEMORY / 50));
      node.reaches(head);
      assertThat(slow.seen).hasSize(10);
      slow.request(Long.MAX_VALUE);
      await().atMost(Node.LONG).until(() -> slow.seen.getLast().position() == head);
      long later = store.append(ExactlyOnceTest.rounds(1, 1));
      await().atMost(Node.LONG).until(() -> slow.seen.getLast().position() == later);
      slow.cancel();

      assertThat(slow.seen).hasSize(1_000 + BEYOND_MEMORY + 1);
      long previous = 0;
      for (RecordedEvent event : List.copyOf(slow.seen)) {
        assertThat(event.previous()).isEqualTo(previous);
        previous = event.position();
      }
    }
  }

  @Test
  void a_projection_that_was_away_for_longer_than_memory_reaches_counts_every_event_once()
      throws SQLException {
    try (Node node = Node.start(store, tally)) {
      node.reaches(store.append(ExactlyOnceTest.rounds(50, 2)));
    }
    long head = store.append(ExactlyOnceTest.rounds(50, BEYOND_MEMORY / 50));
    try (Node node = Node.start(store, tally)) {
      node.reaches(head);

      assertThat(store.value("SELECT sum(events)::bigint FROM read_model.tally", Long.class))
          .isEqualTo(100 + BEYOND_MEMORY);
      assertThat(store.value("SELECT bool_and(in_order) FROM read_model.tally", Boolean.class))
          .isTrue();
    }
  }

  /** Takes only what it asks for. */
  private static final class Reader extends BaseSubscriber<RecordedEvent> {
    private final List<RecordedEvent> seen = Collections.synchronizedList(new ArrayList<>());

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
      // The test asks.
    }

    @Override
    protected void hookOnNext(RecordedEvent event) {
      seen.add(event);
    }
  }
}
