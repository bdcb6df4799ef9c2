package dev.skreaver.query.projection;

import static dev.skreaver.query.projection.ExactlyOnceTest.rounds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.query.StoredEvents;
import java.sql.Connection;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ReplayTest {
  private static final String WAITS_FOR_THE_VIEW =
      """
      SELECT EXISTS (SELECT FROM pg_locks
        WHERE relation = 'read_model.tally'::regclass AND mode = 'AccessExclusiveLock'
          AND NOT granted)
      """;

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
        node.admin().replay("tally").block(Node.LONG);
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

      node.admin().replay("tally").block(Node.LONG);
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

  private long events() {
    return store.value("SELECT sum(events)::bigint FROM read_model.tally", Long.class);
  }

  private static void awaitGeneration(Node node, int generation) {
    await().atMost(Node.LONG).until(() -> node.status().generation() == generation);
  }
}
