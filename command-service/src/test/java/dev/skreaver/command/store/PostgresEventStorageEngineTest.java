package dev.skreaver.command.store;

import static dev.skreaver.command.store.StoredEvents.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.audit.LeafHash;
import dev.skreaver.api.event.EventFormat;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.modelling.command.AggregateStreamCreationException;
import org.axonframework.modelling.command.ConcurrencyException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PostgresEventStorageEngineTest {
  private static HikariDataSource store;
  private static PostgresEventStorageEngine engine;
  private static PostgresEventStorageEngine other;

  @BeforeAll
  static void open() throws SQLException {
    store = EventStoreDatabase.migrated();
    engine = new PostgresEventStorageEngine(store, EventFormat.upcasters(), 2, 24);
    other = new PostgresEventStorageEngine(store, EventFormat.upcasters(), 2, 24);
  }

  @AfterAll
  static void close() {
    engine.close();
    other.close();
    store.close();
  }

  @Test
  void events_are_loaded_as_they_were_appended() {
    DomainEventMessage<?> first = event("acme/read", 0);
    DomainEventMessage<?> second = event("acme/read", 1);
    engine.appendEvents(List.of(first, second));
    List<? extends DomainEventMessage<?>> read = other.readEvents("acme/read").asStream().toList();
    assertThat(read.stream().<Object>map(DomainEventMessage::getPayload))
        .containsExactly(first.getPayload(), second.getPayload());
    assertThat(read.stream().map(DomainEventMessage::getIdentifier))
        .containsExactly(first.getIdentifier(), second.getIdentifier());
    assertThat(read.get(1).getSequenceNumber()).isEqualTo(1);
    assertThat(read.get(1).getMetaData()).isEqualTo(second.getMetaData());
    assertThat(read.get(1).getTimestamp())
        .isEqualTo(second.getTimestamp().truncatedTo(java.time.temporal.ChronoUnit.MICROS));
  }

  @Test
  void identifiers_are_of_version_7_and_ordered_by_time() {
    UUID first = TimeOrderedIdentifiers.next();
    UUID second = UUID.fromString(event("acme/id", 0).getIdentifier());
    assertThat(second.version()).isEqualTo(7);
    assertThat(second.variant()).isEqualTo(2);
    assertThat(second.getMostSignificantBits())
        .isGreaterThanOrEqualTo(first.getMostSignificantBits());
  }

  @Test
  void identifiers_stay_unique_while_the_clock_stands_still_or_goes_back() {
    Instant noon = Instant.parse("2026-03-01T12:00:00Z");
    List<UUID> identifiers =
        Stream.of(noon, noon.minus(Duration.ofHours(5)), noon, noon.plus(Duration.ofHours(5)))
            .flatMap(time -> Stream.generate(() -> TimeOrderedIdentifiers.at(time)).limit(10_000))
            .toList();
    assertThat(Set.copyOf(identifiers)).hasSameSizeAs(identifiers);
  }

  @Test
  void an_identifier_in_use_cannot_begin_again() {
    engine.appendEvents(event("acme/begun", 0));
    for (PostgresEventStorageEngine instance : List.of(engine, other)) {
      assertThatThrownBy(() -> instance.appendEvents(event("acme/begun", 0)))
          .isInstanceOf(AggregateStreamCreationException.class);
    }
  }

  @Test
  void a_version_that_another_instance_wrote_is_a_conflict() {
    engine.appendEvents(event("acme/contended", 0));
    other.readEvents("acme/contended");
    engine.appendEvents(event("acme/contended", 1));
    assertThatThrownBy(() -> other.appendEvents(event("acme/contended", 1)))
        .isInstanceOf(ConcurrencyException.class);
    other.appendEvents(event("acme/contended", 2));
    assertThat(engine.readEvents("acme/contended").asStream()).hasSize(3);
  }

  @Test
  void a_version_with_nothing_before_it_is_a_conflict() {
    assertThatThrownBy(() -> engine.appendEvents(event("acme/hole", 1)))
        .isInstanceOf(ConcurrencyException.class);
  }

  @Test
  void many_agents_are_written_at_once_and_each_event_once() throws Exception {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      var writers = new ArrayList<Future<?>>();
      for (int agent = 0; agent < 64; agent++) {
        String name = "crowd/agent-" + agent;
        PostgresEventStorageEngine instance = agent % 2 == 0 ? engine : other;
        writers.add(
            executor.submit(
                () -> {
                  for (int version = 0; version < 5; version++) {
                    instance.appendEvents(event(name, version));
                  }
                }));
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
    }
    assertThat(count("tenant = 'crowd'")).isEqualTo(320);
  }

  @Test
  void an_agents_events_are_a_hash_chain_over_the_stored_bytes() throws Exception {
    engine.appendEvents(List.of(event("acme/chained", 0), event("acme/chained", 1)));
    other.appendEvents(event("acme/chained", 2));
    byte[] previous = LeafHash.none();
    try (Connection connection = store.getConnection();
        var statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                """
                SELECT r.version, r.event_id, r.type, r.revision, r.metadata, r.payload, e.salt,
                  e.payload_hash, e.previous_leaf, e.leaf
                FROM event_store.recorded_event r
                JOIN event_store.event e USING (position)
                WHERE r.agent_id = 'chained' ORDER BY position
                """)) {
      int events = 0;
      while (row.next()) {
        byte[] payloadHash = LeafHash.ofPayload(row.getBytes(7), row.getBytes(6));
        assertThat(row.getBytes(8)).isEqualTo(payloadHash);
        assertThat(row.getBytes(9)).isEqualTo(previous);
        byte[] leaf =
            LeafHash.of(
                "acme",
                "chained",
                row.getLong(1),
                row.getObject(2, UUID.class),
                row.getString(3),
                row.getInt(4),
                row.getBytes(5),
                payloadHash,
                previous);
        assertThat(row.getBytes(10)).isEqualTo(leaf);
        previous = leaf;
        events++;
      }
      assertThat(events).isEqualTo(3);
    }
  }

  @Test
  void readers_are_notified_after_the_commit() throws Exception {
    try (Connection listener = rawConnection();
        var statement = listener.createStatement()) {
      statement.execute("LISTEN skreaver_events");
      engine.appendEvents(event("acme/told", 0));
      long position = position("told");
      PGConnection notifications = listener.unwrap(PGConnection.class);
      for (long told = 0; told < position; ) {
        PGNotification[] received = notifications.getNotifications(60_000);
        assertThat(received).isNotEmpty();
        told = Long.parseLong(received[received.length - 1].getParameter());
      }
    }
  }

  private static Connection rawConnection() throws SQLException {
    return DriverManager.getConnection(
        store.getJdbcUrl(), store.getUsername(), store.getPassword());
  }

  private static long position(String agent) throws SQLException {
    return number("SELECT position FROM event_store.recorded_event WHERE agent_id = '%s'", agent);
  }

  private static long count(String filter) throws SQLException {
    return number("SELECT count(*) FROM event_store.recorded_event WHERE %s", filter);
  }

  private static long number(String query, String argument) throws SQLException {
    try (Connection connection = store.getConnection();
        var statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query.formatted(argument))) {
      assertThat(row.next()).isTrue();
      return row.getLong(1);
    }
  }
}
