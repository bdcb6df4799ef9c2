package dev.skreaver.command.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.StringJoiner;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class EventStoreSchemaTest {
  private static final String ONE_EVENT =
      """
      SELECT first_position FROM event_store.append(
        ARRAY[event_store.tenant_number('acme')], ARRAY['%s'], ARRAY[-1::bigint],
        ARRAY[event_store.tenant_number('acme')], ARRAY[0::bigint], ARRAY[gen_random_uuid()],
        ARRAY[event_store.event_type_number('agent.created', 1::smallint)],
        ARRAY[1772366400123456], ARRAY[convert_to('{"tenant":"acme"}', 'UTF8')],
        ARRAY[sha256('p')], ARRAY[sha256('q')], ARRAY[sha256('r')],
        ARRAY['salt'::bytea], ARRAY[convert_to('{"agent_id":"a"}', 'UTF8')])
      """;

  private static HikariDataSource store;

  @BeforeAll
  static void migrate() {
    store = EventStoreDatabase.migrated();
  }

  @AfterAll
  static void close() {
    store.close();
  }

  @Test
  void instances_that_start_at_once_migrate_one_after_another() throws Exception {
    try (HikariDataSource fresh = EventStoreDatabase.empty();
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      var starts = new ArrayList<Future<?>>();
      for (int i = 0; i < 6; i++) {
        starts.add(executor.submit(() -> EventStoreSchema.migrate(fresh)));
      }
      for (Future<?> start : starts) {
        start.get();
      }
      assertThat(text(fresh, "SELECT count(*) FROM event_store.recorded_event")).isEqualTo("0");
    }
  }

  /** Replacing the function drops its settings without a word. */
  @Test
  void the_append_keeps_its_plans() throws Exception {
    assertThat(
            text(store, "SELECT proconfig FROM pg_proc WHERE oid = 'event_store.append'::regproc"))
        .contains("plan_cache_mode=force_generic_plan");
  }

  @Test
  void an_event_is_read_as_it_was_appended() throws Exception {
    text(store, ONE_EVENT.formatted("read"));
    assertThat(
            text(
                store,
                """
                SELECT concat_ws(' ', tenant, agent_id, version, type, revision,
                  extract(epoch FROM time), convert_from(payload, 'UTF8'))
                FROM event_store.recorded_event WHERE agent_id = 'read'
                """))
        .isEqualTo("acme read 0 agent.created 1 1772366400.123456 {\"agent_id\":\"a\"}");
  }

  @Test
  void an_event_can_neither_be_changed_nor_removed() throws Exception {
    text(store, ONE_EVENT.formatted("forever"));
    for (String change :
        new String[] {
          "UPDATE event_store.event SET version = 7",
          "DELETE FROM event_store.event",
          "TRUNCATE event_store.event",
          "UPDATE event_store.event SET payload = ''",
          "UPDATE event_store.event SET salt = NULL",
          "UPDATE event_store.event SET salt = NULL, payload = NULL, metadata = ''",
          "UPDATE event_store.stream SET key = 'other'"
        }) {
      assertThatThrownBy(() -> text(store, change))
          .hasMessageContaining("events are never changed");
    }
  }

  @Test
  void an_event_without_a_payload_or_a_salt_is_not_stored() throws Exception {
    String event = ONE_EVENT.formatted("bare");
    String payload = "ARRAY[convert_to('{\"agent_id\":\"a\"}', 'UTF8')]";
    assertThat(event).contains("ARRAY['salt'::bytea]", payload);
    for (String bare :
        new String[] {
          event.replace(payload, "ARRAY[NULL::bytea]"),
          event.replace(payload, "ARRAY[]::bytea[]"),
          event.replace("ARRAY['salt'::bytea]", "ARRAY[NULL::bytea]")
        }) {
      assertThatThrownBy(() -> text(store, bare))
          .hasMessageContaining("an event needs a salt and a payload");
    }
  }

  @Test
  void an_erased_payload_leaves_its_event() throws Exception {
    text(store, ONE_EVENT.formatted("erased"));
    try (var connection = store.getConnection();
        var statement = connection.createStatement()) {
      statement.execute(
          """
          UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position =
            (SELECT position FROM event_store.recorded_event WHERE agent_id = 'erased')
          """);
    }
    assertThat(
            text(
                store,
                """
                SELECT concat(version, payload IS NULL)
                FROM event_store.recorded_event WHERE agent_id = 'erased'
                """))
        .isEqualTo("0t");
  }

  @Test
  void reading_on_from_a_position_walks_an_index() throws Exception {
    try (HikariDataSource full = EventStoreDatabase.migrated()) {
      text(
          full,
          """
          SELECT event_store.append(
            array_agg(event_store.tenant_number('acme')), array_agg('agent-' || n),
            array_agg(-n), array_agg(1), array_agg(0::bigint), array_agg(gen_random_uuid()),
            array_agg(event_store.event_type_number('agent.created', 1::smallint)),
            array_agg(0::bigint), array_agg('{}'::bytea), array_agg(sha256('p')),
            array_agg(sha256('q')), array_agg(sha256('r')), array_agg(''::bytea),
            array_agg('{}'::bytea))
          FROM generate_series(1::bigint, 20000) AS n
          """);
      try (var connection = full.getConnection();
          var statement = connection.createStatement()) {
        statement.execute("ANALYZE");
      }
      for (String filter :
          new String[] {
            "", "AND tenant = 'acme'", "AND tenant = 'acme' AND agent_id = 'agent-7'"
          }) {
        assertThat(
                text(
                    full,
                    """
                    EXPLAIN SELECT * FROM event_store.recorded_event
                    WHERE position > 19000 %s ORDER BY position LIMIT 100
                    """
                        .formatted(filter)))
            .contains("Index Cond")
            .doesNotContain("Seq Scan on event_1 ");
      }
    }
  }

  private static String text(HikariDataSource dataSource, String query) throws SQLException {
    try (var connection = dataSource.getConnection();
        var statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      var lines = new StringJoiner("\n");
      while (result.next()) {
        lines.add(String.valueOf(result.getString(1)));
      }
      return lines.toString();
    }
  }
}
