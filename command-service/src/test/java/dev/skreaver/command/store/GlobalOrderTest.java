package dev.skreaver.command.store;

import static dev.skreaver.command.store.StoredEvents.event;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.command.store.StoredEvents.Seen;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class GlobalOrderTest {
  private static final String LATE =
      """
      SELECT event_store.append(
        ARRAY[event_store.tenant_number('acme')], ARRAY['late'], ARRAY[-1::bigint],
        ARRAY[event_store.tenant_number('acme')], ARRAY[0::bigint], ARRAY[gen_random_uuid()],
        ARRAY[event_store.event_type_number('agent.started', 1::smallint)], ARRAY[0::bigint],
        ARRAY['{}'::bytea], ARRAY[sha256('p')], ARRAY[sha256('q')], ARRAY[sha256('r')],
        ARRAY['salt'::bytea], ARRAY['{"agent_id":"late"}'::bytea])
      """;

  @Test
  void what_is_appended_during_an_open_append_becomes_visible_after_it() throws Exception {
    try (HikariDataSource store = EventStoreDatabase.migrated();
        var engine = new PostgresEventStorageEngine(store, EventFormat.upcasters(), 2, 24);
        var other = new PostgresEventStorageEngine(store, EventFormat.upcasters(), 2, 24);
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      engine.appendEvents(event("acme/before", 0));
      var done = new AtomicBoolean();
      Future<List<Seen>> reader = executor.submit(() -> follow(store, done));
      var writers = new ArrayList<Future<?>>();
      try (Connection late = store.getConnection();
          var statement = late.createStatement()) {
        late.setAutoCommit(false);
        statement.execute(LATE);
        for (int i = 0; i < 20; i++) {
          String agent = "acme/after-" + i;
          PostgresEventStorageEngine instance = i % 2 == 0 ? engine : other;
          writers.add(executor.submit(() -> instance.appendEvents(event(agent, 0))));
        }
        awaitWaitingAppends(store, 2);
        assertThat(StoredEvents.after(store, 0)).extracting(Seen::agent).containsExactly("before");
        late.commit();
        late.setAutoCommit(true);
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
      done.set(true);
      List<Seen> seen = reader.get();
      assertThat(seen).isEqualTo(StoredEvents.after(store, 0)).hasSize(22);
      assertThat(seen.subList(0, 2)).extracting(Seen::agent).containsExactly("before", "late");
    }
  }

  /** A reader that only ever goes on from the last position that it saw. */
  private static List<Seen> follow(HikariDataSource store, AtomicBoolean done) throws SQLException {
    var seen = new ArrayList<Seen>();
    while (true) {
      boolean last = done.get();
      List<Seen> next = StoredEvents.after(store, seen.isEmpty() ? 0 : seen.getLast().position());
      seen.addAll(next);
      if (last && next.isEmpty()) {
        return seen;
      }
      Thread.onSpinWait();
    }
  }

  static void awaitWaitingAppends(HikariDataSource store, int waiting)
      throws SQLException, InterruptedException {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (System.nanoTime() < deadline) {
      try (Connection connection = store.getConnection();
          var statement = connection.createStatement();
          ResultSet row =
              statement.executeQuery(
                  """
                  SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                  WHERE l.locktype = 'advisory' AND NOT l.granted
                    AND d.datname = current_database()
                  """)) {
        row.next();
        if (row.getInt(1) >= waiting) {
          return;
        }
      }
      Thread.sleep(20);
    }
    throw new AssertionError("no append waits for the one that is open");
  }
}
