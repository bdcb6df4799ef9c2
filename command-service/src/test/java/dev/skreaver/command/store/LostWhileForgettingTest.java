package dev.skreaver.command.store;

import static dev.skreaver.command.store.StoredEvents.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.command.FlakyNetwork;
import dev.skreaver.command.FlakyNetwork.Break;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** The store went back in time, and vanishes again while what is remembered of it is forgotten. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LostWhileForgettingTest {
  /** Of the sequences, which are looked at last. */
  private static final String LOOK = "drawn.is_called";

  private Database database;
  private FlakyNetwork network;
  private HikariDataSource store;
  private PostgresEventStorageEngine engine;

  @BeforeEach
  void open() throws Exception {
    database = PostgresServer.shared().freshDatabase();
    network = new FlakyNetwork(database, LOOK);
    store = EventStoreDatabase.pool(network.database(), Duration.ofSeconds(5));
    EventStoreSchema.migrate(store);
    engine = new PostgresEventStorageEngine(store, EventFormat.upcasters(), 1, 24);
    engine.appendEvents(event("acme/lost", 0));
  }

  @AfterEach
  void close() throws Exception {
    engine.close();
    store.close();
    network.close();
  }

  @Test
  void a_command_is_refused_because_the_store_is_unavailable_and_afterwards_it_works()
      throws Exception {
    execute("DELETE FROM event_store.event");
    store.getHikariPoolMXBean().softEvictConnections();
    network.breaks(Break.BEFORE_THE_APPEND);

    assertUnavailable(
        catchThrowable(() -> engine.appendEvents(event("acme/next", 0))), "nothing was changed");

    network.mend();
    await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptionsInstanceOf(Refusal.class)
        .untilAsserted(() -> engine.appendEvents(event("acme/next", 0)));
    assertThat(engine.readEvents("acme/next").asStream()).hasSize(1);
  }

  @Test
  void a_command_that_may_have_come_through_before_is_not_said_to_have_changed_nothing()
      throws Exception {
    CompletableFuture<Throwable> append;
    try (Connection holder = connect();
        var statement = holder.createStatement()) {
      holder.setAutoCommit(false);
      statement.execute("SELECT pg_advisory_xact_lock(8316866916622165362)");
      append =
          CompletableFuture.supplyAsync(
              () -> catchThrowable(() -> engine.appendEvents(event("acme/next", 0))),
              task -> Thread.ofVirtual().start(task));
      GlobalOrderTest.awaitWaitingAppends(store, 1);
      execute("DELETE FROM event_store.event");
      store.getHikariPoolMXBean().softEvictConnections();
      network.breaks(Break.BEFORE_THE_APPEND);
      execute(
          """
          SELECT pg_terminate_backend(l.pid)
          FROM pg_locks l JOIN pg_database d ON d.oid = l.database
          WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()
          """);
      assertUnavailable(append.join(), "not known whether it was carried out");
    }
  }

  private static void assertUnavailable(Throwable failure, String because) {
    assertThat(failure)
        .isInstanceOfSatisfying(
            Refusal.class,
            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.EVENT_STORE_UNAVAILABLE))
        .hasMessageContaining(because);
  }

  /** What triggers would refuse, past the network that breaks. */
  private void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        var statement = connection.createStatement()) {
      statement.execute("SET session_replication_role = replica");
      statement.execute(sql);
    }
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
  }
}
