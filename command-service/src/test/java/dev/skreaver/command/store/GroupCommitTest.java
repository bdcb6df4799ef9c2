package dev.skreaver.command.store;

import static dev.skreaver.command.store.StoredEvents.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.audit.LeafHash;
import dev.skreaver.api.command.CommandOutcome;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.command.store.StoredEvents.Seen;
import dev.skreaver.embedded.PostgresServer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.axonframework.modelling.command.AggregateStreamCreationException;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class GroupCommitTest {
  @Test
  void a_conflict_in_a_group_fails_only_the_guilty() throws Exception {
    try (HikariDataSource store = EventStoreDatabase.migrated()) {
      var numbers = new CatalogNumbers(store);
      var groups =
          new GroupCommit(
              store,
              new AppendFunction(24, new SubjectKeys(store)),
              numbers,
              new StoreRecognition(store));
      Append earlier = append(numbers, "taken", 1);
      groups.write(List.of(earlier));
      List<Append> group =
          IntStream.range(0, 9)
              .mapToObj(i -> append(numbers, i == 4 ? "taken" : "free-" + i, 2))
              .toList();
      groups.write(group);
      for (int i = 0; i < group.size(); i++) {
        Append append = group.get(i);
        if (i == 4) {
          assertThatThrownBy(append::await).isInstanceOf(AggregateStreamCreationException.class);
        } else {
          assertThat(append.await().firstPosition()).isPositive();
        }
      }
      List<Seen> seen = StoredEvents.after(store, 0);
      assertThat(seen).hasSize(1 + 8 * 2);
      assertThat(seen).filteredOn(event -> event.agent().equals("taken")).hasSize(1);
    }
  }

  @Test
  void entries_of_the_ledger_are_there_once_however_often_their_group_is_tried() throws Exception {
    try (HikariDataSource store = EventStoreDatabase.migrated()) {
      var numbers = new CatalogNumbers(store);
      var groups =
          new GroupCommit(
              store,
              new AppendFunction(24, new SubjectKeys(store)),
              numbers,
              new StoreRecognition(store));
      groups.write(List.of(append(numbers, "taken", 1)));
      Append refused = entry("refused");
      List<Append> group =
          List.of(append(numbers, "free", 2), refused, append(numbers, "taken", 1), entry("other"));
      groups.write(group);
      groups.write(List.of(refused)); // as after an outcome that was unknown

      assertThat(group.get(0).await().firstPosition()).isPositive();
      assertThat(refused.await().firstPosition()).isZero();
      assertThatThrownBy(group.get(2)::await).isInstanceOf(AggregateStreamCreationException.class);
      assertThat(entries(store)).containsExactly("refused", "other");
    }
  }

  @Test
  void an_entry_that_the_database_cannot_hold_fails_only_its_command() throws Exception {
    try (HikariDataSource store = EventStoreDatabase.migrated()) {
      var numbers = new CatalogNumbers(store);
      var groups =
          new GroupCommit(
              store,
              new AppendFunction(24, new SubjectKeys(store)),
              numbers,
              new StoreRecognition(store));
      Append good = append(numbers, "good", 1);
      Append bad = entry("bad\0name");
      groups.write(List.of(good, bad));
      assertThat(good.await().firstPosition()).isPositive();
      assertThatThrownBy(bad::await).hasMessageContaining("refuses the command's rows");
      assertThat(entries(store)).isEmpty();
    }
  }

  /** A command without events. */
  private static Append entry(String agent) {
    return new Append(
        List.of(),
        null,
        new LedgerEntry(
            UUID.randomUUID(),
            "resume",
            "acme/" + agent,
            "ada",
            "jwt",
            "request-1",
            "correlation-1",
            null,
            null,
            null,
            Instant.EPOCH,
            CommandOutcome.REFUSED,
            "illegal_transition",
            null));
  }

  private static List<String> entries(DataSource store) throws SQLException {
    var agents = new ArrayList<String>();
    try (Connection connection = store.getConnection();
        var statement = connection.createStatement();
        var row =
            statement.executeQuery(
                "SELECT agent_id FROM event_store.recorded_command ORDER BY number")) {
      while (row.next()) {
        agents.add(row.getString(1));
      }
    }
    return agents;
  }

  @Test
  void a_row_that_the_database_cannot_hold_fails_only_its_command() throws Exception {
    try (HikariDataSource store = EventStoreDatabase.migrated()) {
      var numbers = new CatalogNumbers(store);
      var groups =
          new GroupCommit(
              store,
              new AppendFunction(24, new SubjectKeys(store)),
              numbers,
              new StoreRecognition(store));
      Append good = append(numbers, "good", 1);
      Append bad = append(numbers, "bad\u0000name", 1);
      groups.write(List.of(good, bad));
      assertThat(good.await().firstPosition()).isPositive();
      assertThatThrownBy(bad::await).hasMessageContaining("refuses the command's rows");
    }
  }

  @Test
  void an_append_whose_answer_was_lost_is_found_and_not_stored_twice() throws Exception {
    try (HikariDataSource store = EventStoreDatabase.migrated()) {
      var numbers = new CatalogNumbers(store);
      var groups =
          new GroupCommit(
              losingTheFirstAnswer(store),
              new AppendFunction(24, new SubjectKeys(store)),
              numbers,
              new StoreRecognition(store));
      List<Append> group =
          IntStream.range(0, 3).mapToObj(i -> append(numbers, "lost-" + i, 2)).toList();
      groups.write(group);
      for (Append append : group) {
        assertThat(append.await().firstPosition()).isPositive();
        assertThat(append.await().firstStream()).isPositive();
      }
      assertThat(StoredEvents.after(store, 0)).hasSize(6);
    }
  }

  @Test
  void an_append_whose_connection_was_cut_is_stored_once() throws Exception {
    try (HikariDataSource store = EventStoreDatabase.migrated();
        var engine = new PostgresEventStorageEngine(store, EventFormat.upcasters(), 1, 24);
        var executor = Executors.newVirtualThreadPerTaskExecutor();
        Connection holder = store.getConnection();
        var statement = holder.createStatement()) {
      holder.setAutoCommit(false);
      statement.execute("SELECT pg_advisory_xact_lock(8316866916622165362)");
      Future<?> writer = executor.submit(() -> engine.appendEvents(event("acme/cut", 0)));
      GlobalOrderTest.awaitWaitingAppends(store, 1);
      statement.execute(
          """
          SELECT pg_terminate_backend(pid) FROM pg_locks
          WHERE locktype = 'advisory' AND NOT granted
          """);
      holder.commit();
      holder.setAutoCommit(true);
      writer.get();
      assertThat(StoredEvents.after(store, 0)).extracting(Seen::agent).containsExactly("cut");
    }
  }

  @Test
  void while_the_store_is_down_a_command_is_refused_and_afterwards_it_works() throws Exception {
    try (PostgresServer server = PostgresServer.throwAway()) {
      try (HikariDataSource patient = EventStoreDatabase.pool(server.database())) {
        EventStoreSchema.migrate(patient);
      }
      try (HikariDataSource store =
              EventStoreDatabase.pool(server.database(), Duration.ofSeconds(3));
          var engine = new PostgresEventStorageEngine(store, EventFormat.upcasters(), 1, 24)) {
        engine.appendEvents(event("acme/durable", 0));
        server.stop();
        assertThatThrownBy(() -> engine.appendEvents(event("acme/durable", 1)))
            .isInstanceOfSatisfying(
                Refusal.class,
                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.EVENT_STORE_UNAVAILABLE));
        assertThatThrownBy(() -> engine.readEvents("acme/durable"))
            .isInstanceOfSatisfying(
                Refusal.class,
                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.EVENT_STORE_UNAVAILABLE));
        server.start();
        await()
            .atMost(Duration.ofMinutes(1))
            .ignoreExceptionsInstanceOf(Refusal.class)
            .untilAsserted(() -> engine.appendEvents(event("acme/durable", 1)));
        assertThat(engine.readEvents("acme/durable").asStream()).hasSize(2);
      }
    }
  }

  /** A new stream with this many events. */
  private static Append append(CatalogNumbers numbers, String agent, int events) {
    byte[] bytes = "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    var encoded = new ArrayList<EncodedEvent>();
    try {
      for (int version = 0; version < events; version++) {
        encoded.add(
            new EncodedEvent(
                "acme/" + agent,
                null,
                numbers.tenant("acme"),
                version,
                UUID.randomUUID(),
                numbers.type(dev.skreaver.api.event.EventCatalog.AGENT_STARTED),
                0,
                bytes,
                LeafHash.none(),
                LeafHash.none(),
                LeafHash.none(),
                bytes,
                bytes,
                0,
                null));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new Append(encoded, null);
  }

  /** The real database behind a network that breaks once, after the commit. */
  private static DataSource losingTheFirstAnswer(DataSource real) {
    var broken = new AtomicBoolean();
    return wrap(
        DataSource.class,
        real,
        connection ->
            connection instanceof Connection open
                ? wrap(
                    Connection.class,
                    open,
                    prepared ->
                        prepared instanceof PreparedStatement statement
                                && statement.toString().contains("event_store.append")
                            ? wrap(
                                PreparedStatement.class,
                                statement,
                                result -> {
                                  if (result instanceof java.sql.ResultSet
                                      && broken.compareAndSet(false, true)) {
                                    throw new SQLException("connection lost", "08006");
                                  }
                                  return result;
                                })
                            : prepared)
                : connection);
  }

  private interface Change {
    Object of(Object result) throws SQLException;
  }

  private static <T> T wrap(Class<T> type, T real, Change change) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                Object result = method.invoke(real, arguments);
                return result == null ? null : change.of(result);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }
}
