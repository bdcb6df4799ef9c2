package dev.skreaver.query.tail;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.embedded.Database;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class EventTailTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  @Test
  void a_store_that_lost_events_before_a_new_one_came_is_followed_from_where_it_ends_now() {
    try (Stores stores = Stores.start()) {
      long kept = append(stores, "kept");
      append(stores, "lost");
      PostgresqlConnectionFactory own = connections(stores.database());
      try (var tail =
          new EventTail(own, new EventPages(own, EventFormat.instance()), stores.texts())) {
        tail.start();
        tail.started().block(LONG);
        assertThat(tail.head()).isEqualTo(stores.last());

        stores.sql("SET session_replication_role = replica");
        stores.sql("DELETE FROM event_store.event WHERE position > " + kept);
        stores.sql("SELECT setval('event_store.event_position', " + kept + ")");
        stores.sql("RESET session_replication_role");
        stores.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                + " current_database() AND application_name = 'tail'");
        await().atMost(LONG).until(() -> tail.head() == kept);

        var next = tail.live(kept).next().toFuture();
        long recovered = append(stores, "new");
        stores.sql("NOTIFY skreaver_events");
        assertThat(Objects.requireNonNull(next.join()).position()).isEqualTo(recovered);
      }
    }
  }

  private static long append(Stores stores, String name) {
    AgentKey agent = agent(ACME, name);
    return stores.append(agent, Stamp.at(NOON), created(agent));
  }

  private static PostgresqlConnectionFactory connections(Database database) {
    return new PostgresqlConnectionFactory(
        PostgresqlConnectionConfiguration.builder()
            .host(database.host())
            .port(database.port())
            .database(database.name())
            .username(database.user())
            .password(database.password())
            .applicationName("tail")
            .build());
  }
}
