package dev.skreaver.command.store;

import static dev.skreaver.command.store.StoredEvents.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.command.CommandService;
import dev.skreaver.command.store.StoredEvents.Seen;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.modelling.command.AggregateStreamCreationException;
import org.axonframework.modelling.command.ConcurrencyException;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class EventPartitionsTest {
  private static final String PARTITIONS =
      "SELECT first_position || '-' || last_position FROM event_store.partition ORDER BY 1";
  private static final String PAYLOADS =
      "SELECT concat_ws(' ', position, salt, payload) FROM event_store.event ORDER BY 1";

  private HikariDataSource store;

  @BeforeEach
  void open() {
    store = EventStoreDatabase.migrated();
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void a_stream_goes_on_across_partitions() throws Exception {
    text("SELECT event_store.make_room(1, 10)");
    try (var engine = engine();
        var other = engine()) {
      for (int version = 0; version < 35; version++) {
        (version % 2 == 0 ? engine : other).appendEvents(event("acme/long", version));
      }
      assertThat(versions(engine.readEvents("acme/long").asStream().toList()))
          .containsExactlyElementsOf(IntStream.range(0, 35).mapToObj(Long::valueOf).toList());
      assertThat(versions(engine.readEvents("acme/long", 17).asStream().toList()))
          .startsWith(17L)
          .hasSize(18);
      assertThat(engine.endsAt("acme/long", 34)).isTrue();
    }
    assertThat(StoredEvents.after(store, 0)).hasSize(35);
    assertThat(text(PARTITIONS).lines()).hasSizeGreaterThan(3);
  }

  @Test
  void a_version_that_an_earlier_partition_holds_is_a_conflict() throws Exception {
    text("SELECT event_store.make_room(1, 10)");
    try (var engine = engine();
        var late = engine()) {
      engine.appendEvents(List.of(event("acme/contended", 0), event("acme/contended", 1)));
      late.readEvents("acme/contended");
      engine.appendEvents(event("acme/contended", 2));
      fillPartition(engine, 10);
      assertThatThrownBy(() -> late.appendEvents(event("acme/contended", 2)))
          .isInstanceOf(ConcurrencyException.class);
      assertThatThrownBy(() -> late.appendEvents(event("acme/contended", 0)))
          .isInstanceOf(AggregateStreamCreationException.class);
      late.readEvents("acme/contended");
      late.appendEvents(event("acme/contended", 3));
      assertThat(engine.readEvents("acme/contended").asStream()).hasSize(4);
    }
  }

  @Test
  void a_conflict_across_partitions_fails_only_the_guilty_of_a_group() throws Exception {
    text("SELECT event_store.make_room(1, 10)");
    try (var engine = engine();
        var late = engine();
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      engine.appendEvents(event("acme/guilty", 0));
      late.readEvents("acme/guilty");
      engine.appendEvents(event("acme/guilty", 1));
      fillPartition(engine, 10);
      var innocent =
          IntStream.range(0, 8)
              .mapToObj(i -> executor.submit(() -> late.appendEvents(event("acme/free-" + i, 0))))
              .toList();
      assertThatThrownBy(() -> late.appendEvents(event("acme/guilty", 1)))
          .isInstanceOf(ConcurrencyException.class);
      for (var append : innocent) {
        append.get();
      }
    }
    assertThat(StoredEvents.after(store, 10)).hasSize(8);
  }

  @Test
  void who_does_not_say_what_came_before_is_checked_against_all_partitions() throws Exception {
    text("SELECT event_store.make_room(1, 10)");
    try (var engine = engine()) {
      engine.appendEvents(event("acme/told", 0));
      fillPartition(engine, 10);
    }
    assertThatThrownBy(
            () ->
                text(
                    """
                    SELECT event_store.append('{}', '{}', array_agg(stream_id), array_agg(tenant_id),
                      array_agg(version), array_agg(gen_random_uuid()), array_agg(type_id),
                      array_agg(0::bigint), array_agg(metadata), array_agg(payload_hash),
                      array_agg(previous_leaf), array_agg(leaf), array_agg(leaf), array_agg(leaf))
                    FROM event_store.event WHERE position = 1
                    """))
        .isInstanceOfSatisfying(
            SQLException.class, refusal -> assertThat(refusal.getSQLState()).isEqualTo("23505"));
  }

  @Test
  void an_append_that_no_partition_has_room_for_makes_one() throws Exception {
    text("SELECT event_store.make_room(1, 10)");
    try (var engine = engine()) {
      engine.appendEvents(IntStream.range(0, 25).mapToObj(i -> event("acme/many", i)).toList());
      text("SELECT setval('event_store.event_position', 1000)");
      engine.appendEvents(event("acme/many", 25));
      assertThat(engine.readEvents("acme/many").asStream()).hasSize(26);
    }
    assertThat(text(PARTITIONS).lines()).containsExactlyInAnyOrder("1-10", "11-30", "31-1010");
  }

  @Test
  void there_is_room_for_one_more_partition_before_it_is_needed() throws Exception {
    try (var partitions = new EventPartitions(store, 10);
        var engine = engine()) {
      assertThat(partitions.makeRoom()).isTrue();
      assertThat(partitions.makeRoom()).isFalse();
      engine.appendEvents(event("acme/first", 0));
      assertThat(partitions.makeRoom()).isTrue();
      assertThat(partitions.makeRoom()).isFalse();
    }
    assertThat(text(PARTITIONS).lines()).containsExactlyInAnyOrder("1-10", "11-20");
  }

  @Test
  void instances_that_make_room_at_once_make_one_partition() throws Exception {
    try (var partitions = new EventPartitions(store, 1_000);
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      var made =
          IntStream.range(0, 8).mapToObj(i -> executor.submit(partitions::makeRoom)).toList();
      int count = 0;
      for (var one : made) {
        count += one.get() ? 1 : 0;
      }
      assertThat(count).isOne();
    }
  }

  @Test
  void readers_go_on_while_a_partition_is_made() throws Exception {
    try (var engine = engine();
        Connection maker = store.getConnection();
        var statement = maker.createStatement()) {
      engine.appendEvents(event("acme/read", 0));
      maker.setAutoCommit(false);
      statement.execute("SELECT event_store.make_room_ahead(50000000)");
      assertThat(StoredEvents.after(store, 0)).hasSize(1);
      engine.appendEvents(event("acme/read", 1));
      maker.commit();
      maker.setAutoCommit(true);
    }
    assertThat(StoredEvents.after(store, 0)).hasSize(2);
  }

  @Test
  void events_of_a_partition_can_neither_be_changed_nor_removed_behind_its_back() throws Exception {
    text("SELECT event_store.make_room(1, 10)");
    try (var engine = engine()) {
      fillPartition(engine, 11);
    }
    assertThat(text(PARTITIONS).lines()).containsExactlyInAnyOrder("1-10", "11-20");
    for (String partition : new String[] {"1", "11"}) {
      for (String change :
          new String[] {
            "UPDATE event_store.event_%s SET version = 7",
            "DELETE FROM event_store.event_%s",
            "TRUNCATE event_store.event_%s"
          }) {
        assertThatThrownBy(() -> text(change.formatted(partition)))
            .hasMessageContaining("events are never changed");
      }
    }
  }

  @Test
  void who_reads_on_from_a_position_touches_no_partition_before_it() throws Exception {
    text("SELECT event_store.make_room(1, 10)");
    try (var engine = engine()) {
      fillPartition(engine, 35);
    }
    assertThat(
            text(
                """
                EXPLAIN SELECT position, type FROM event_store.recorded_event
                WHERE position > 25 ORDER BY position LIMIT 100
                """))
        .contains("event_21", "event_31")
        .doesNotContain("event_1 ", "event_11");
  }

  @Test
  void a_store_of_the_first_schema_keeps_its_events() throws Exception {
    try (HikariDataSource old = EventStoreDatabase.empty()) {
      migrateToTheFirstSchema(old);
      try (Connection connection = old.getConnection();
          var statement = connection.createStatement()) {
        statement.execute(FirstSchema.THREE_EVENTS);
      }
      List<Seen> before = StoredEvents.after(old, 0);
      assertThat(before).hasSize(3);
      String payloads = text(old, FirstSchema.PAYLOADS);
      assertThat(payloads.lines()).hasSize(3).allMatch(line -> line.contains("\\x7b"));
      EventStoreSchema.migrate(old);
      assertThat(StoredEvents.after(old, 0)).isEqualTo(before);
      assertThat(text(old, PAYLOADS)).isEqualTo(payloads);
      try (var engine = new PostgresEventStorageEngine(old, EventFormat.upcasters(), 2, 24)) {
        assertThat(engine.readEvents("acme/old").asStream()).hasSize(3);
        assertThatThrownBy(() -> engine.appendEvents(event("acme/old", 2)))
            .isInstanceOf(ConcurrencyException.class);
        assertThat(engine.readEvents("acme/old").asStream()).hasSize(3);
        engine.appendEvents(event("acme/old", 3));
        assertThat(engine.readEvents("acme/old").asStream()).hasSize(4);
      }
      assertThat(text(old, PARTITIONS)).isEqualTo("1-50000000");
      for (String change :
          new String[] {
            "DELETE FROM event_store.event_1", "UPDATE event_store.event_1 SET version = 7"
          }) {
        assertThatThrownBy(() -> text(old, change))
            .hasMessageContaining("events are never changed");
      }
    }
  }

  @Test
  void the_first_schemas_positions_all_find_a_place() throws Exception {
    try (HikariDataSource old = EventStoreDatabase.empty()) {
      migrateToTheFirstSchema(old);
      text(old, "SELECT setval('event_store.event_position', 123456789)");
      text(old, FirstSchema.THREE_EVENTS);
      EventStoreSchema.migrate(old);
      assertThat(text(old, PARTITIONS)).isEqualTo("1-150000000");
      assertThat(StoredEvents.after(old, 0)).extracting(Seen::position).startsWith(123456790L);
    }
  }

  @Test
  void the_size_of_a_partition_is_a_setting_that_is_checked() throws Exception {
    Database database = PostgresServer.shared().freshDatabase();
    assertThatThrownBy(
            () -> CommandService.on(database, "SKREAVER_EVENT_PARTITION_SIZE=9999").close())
        .hasStackTraceContaining("SKREAVER_EVENT_PARTITION_SIZE");
    CommandService.on(database, "SKREAVER_EVENT_PARTITION_SIZE=20000").close();
    try (HikariDataSource made = EventStoreDatabase.pool(database)) {
      assertThat(text(made, PARTITIONS)).isEqualTo("1-20000");
    }
  }

  private PostgresEventStorageEngine engine() throws SQLException {
    return new PostgresEventStorageEngine(store, EventFormat.upcasters(), 2, 24);
  }

  /** Appends events of other agents until the last position is this one. */
  private void fillPartition(PostgresEventStorageEngine engine, long position) throws SQLException {
    while (Long.parseLong(text("SELECT coalesce(max(position), 0) FROM event_store.event"))
        < position) {
      engine.appendEvents(event("acme/filler-" + System.nanoTime(), 0));
    }
  }

  private static List<Long> versions(List<? extends DomainEventMessage<?>> events) {
    return events.stream().map(DomainEventMessage::getSequenceNumber).toList();
  }

  private static void migrateToTheFirstSchema(HikariDataSource store) {
    Flyway.configure()
        .dataSource(store)
        .schemas("event_store")
        .locations("classpath:db/event_store")
        .target("1")
        .load()
        .migrate();
  }

  private String text(String query) throws SQLException {
    return text(store, query);
  }

  private static String text(HikariDataSource dataSource, String query) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        var statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      var lines = new StringJoiner("\n");
      while (result.next()) {
        lines.add(String.valueOf(result.getString(1)));
      }
      return lines.toString();
    }
  }

  /** As a release that knew no partitions wrote. */
  private static final class FirstSchema {
    static final String PAYLOADS =
        "SELECT concat_ws(' ', position, salt, payload) FROM event_store.event_payload ORDER BY 1";
    static final String THREE_EVENTS =
        """
        SELECT event_store.append(ARRAY[event_store.tenant_number('acme')], ARRAY['old'],
          array_agg(-1::bigint), array_agg(event_store.tenant_number('acme')),
          array_agg(n), array_agg(gen_random_uuid()),
          array_agg(event_store.event_type_number('agent.started', 1::smallint)),
          array_agg(0::bigint), array_agg(convert_to('{"tenant":"acme"}', 'UTF8')),
          array_agg(sha256('p')), array_agg(sha256('q')), array_agg(sha256('r')),
          array_agg(''::bytea), array_agg(convert_to('{"agent_id":"old"}', 'UTF8')))
        FROM generate_series(0::bigint, 2) AS n
        """;
  }
}
