package dev.skreaver.command.store;

import static dev.skreaver.command.store.StoredEvents.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.command.store.StoredEvents.Seen;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.Connection;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/**
 * Transactions that somebody else leaves open. They are open from before until after all that is
 * looked at, so that nothing here depends on how long that is.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HeldTransactionTest {
  private static final String LOCK = "SELECT pg_advisory_xact_lock(8316866916622165362)";

  @Test
  void a_foreign_transaction_with_an_id_and_a_snapshot_holds_up_neither_appends_nor_readers()
      throws Exception {
    try (HikariDataSource store = EventStoreDatabase.migrated();
        var engine = new PostgresEventStorageEngine(store, EventFormat.upcasters(), 2, 24);
        Connection foreign = store.getConnection();
        var statement = foreign.createStatement()) {
      engine.appendEvents(event("acme/held", 0));
      foreign.setAutoCommit(false);
      foreign.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      statement.execute("SELECT pg_current_xact_id(), count(*) FROM event_store.event");

      for (int version = 1; version < 20; version++) {
        engine.appendEvents(event("acme/held", version));
        assertThat(StoredEvents.after(store, 0)).hasSize(version + 1);
      }
      assertThat(StoredEvents.after(store, 0))
          .isSortedAccordingTo((a, b) -> Long.compare(a.position(), b.position()))
          .extracting(Seen::version)
          .isSorted();
      foreign.rollback();
    }
  }

  @Test
  void while_somebody_holds_the_append_lock_commands_are_refused_in_time_and_leave_nothing()
      throws Exception {
    Database database = PostgresServer.shared().freshDatabase();
    try (HikariDataSource store = EventStoreDatabase.pool(database);
        HikariDataSource impatient = impatient(database)) {
      EventStoreSchema.migrate(store);
      try (var engine = new PostgresEventStorageEngine(impatient, EventFormat.upcasters(), 2, 24);
          Connection holder = store.getConnection();
          var statement = holder.createStatement()) {
        engine.appendEvents(event("acme/locked", 0));
        holder.setAutoCommit(false);
        statement.execute(LOCK);

        for (int i = 0; i < 3; i++) {
          assertThatThrownBy(() -> engine.appendEvents(event("acme/locked", 1)))
              .isInstanceOfSatisfying(
                  Refusal.class,
                  refusal -> {
                    assertThat(refusal.code()).isEqualTo(ErrorCode.EVENT_STORE_UNAVAILABLE);
                    assertThat(refusal).hasMessageContaining("nothing was changed");
                  });
        }
        assertThat(StoredEvents.after(store, 0)).hasSize(1);
        holder.commit();
        holder.setAutoCommit(true);

        engine.appendEvents(event("acme/locked", 1));
        assertThat(StoredEvents.after(store, 0)).extracting(Seen::version).containsExactly(0L, 1L);
      }
    }
  }

  /** As in the service, where it is 20 s. */
  private static HikariDataSource impatient(Database database) {
    var config = new HikariConfig();
    config.setJdbcUrl(database.jdbcUrl());
    config.setUsername(database.user());
    config.setPassword(database.password());
    config.addDataSourceProperty("options", "-c lock_timeout=200ms");
    return new HikariDataSource(config);
  }
}
