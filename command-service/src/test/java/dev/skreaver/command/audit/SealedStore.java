package dev.skreaver.command.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.api.audit.Verification;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.command.store.EventStoreDatabase;
import dev.skreaver.command.store.EventStoreSchema;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.axonframework.eventhandling.GenericDomainEventMessage;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * A fresh event store with real events in partitions of five, seals of four events each, and an
 * attacker.
 */
final class SealedStore implements AutoCloseable {
  static final int BATCH = 4;

  private static final Duration LIMIT = Duration.ofSeconds(60);

  final NoteSigner signer = NoteSigner.of("skreaver", NoteSigner.newKey());
  final Path anchorFile;
  private final HikariDataSource pool;
  private final PGSimpleDataSource unpooled = new PGSimpleDataSource();
  private final PostgresEventStorageEngine engine;
  private final Map<String, Long> versions = new HashMap<>();
  private final List<Sealer> sealers = new ArrayList<>();

  SealedStore(Path folder) {
    anchorFile = folder.resolve("anchor.ndjson");
    Database database = PostgresServer.shared().freshDatabase();
    pool = EventStoreDatabase.pool(database);
    unpooled.setURL(database.jdbcUrl());
    unpooled.setUser(database.user());
    unpooled.setPassword(database.password());
    EventStoreSchema.migrate(pool);
    try {
      execute("SELECT event_store.make_room(1, 5)");
      engine = new PostgresEventStorageEngine(pool, EventFormat.upcasters(), 2, 24);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The agent's next events, one append each. */
  SealedStore append(String agent, int events) {
    return append(agent, events, "ada");
  }

  /** The same by somebody whose name is sealed. */
  SealedStore appendSealed(String agent, int events) {
    return append(agent, events, engine.subjects().actor("acme", "ada").sealedName());
  }

  private SealedStore append(String agent, int events, String subject) {
    for (int i = 0; i < events; i++) {
      long version = versions.merge(agent, 1L, Long::sum) - 1;
      var id = new AgentId(agent);
      AgentEvent event =
          version == 0
              ? new AgentEvent.Started(id)
              : new AgentEvent.Paused(id, "version " + version);
      engine.appendEvents(
          List.of(
              new GenericDomainEventMessage<>(
                  "agent",
                  "acme/" + agent,
                  version,
                  event,
                  Map.of("tenant", "acme", "subject", subject))));
    }
    return this;
  }

  Sealer startSealer() {
    return startSealer(signer, anchorFile);
  }

  Sealer startSealer(NoteSigner key, @Nullable Path anchor) {
    try {
      var settings =
          new AuditSettings(
              key,
              List.of(key.key()),
              anchor == null ? null : Anchor.in(anchor),
              Duration.ofMillis(10),
              BATCH);
      var sealer = new Sealer(unpooled, key, settings);
      sealers.add(sealer);
      sealer.start();
      return sealer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Seals all that there is, and no more. */
  SealedStore seal() {
    Sealer sealer = startSealer();
    awaitSealed();
    sealer.stop();
    return this;
  }

  void awaitSealed() {
    await()
        .atMost(LIMIT)
        .untilAsserted(
            () ->
                assertThat(number("SELECT coalesce(max(position), 0) FROM event_store.checkpoint"))
                    .isEqualTo(number("SELECT max(position) FROM event_store.event")));
  }

  Auditor auditor() {
    try {
      return new Auditor(new AuditedStore(pool), List.of(signer.key()), Anchor.in(anchorFile));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * @param connection before it takes this one, counted from 1, something happens
   */
  Auditor auditor(int connection, Happening happening) {
    var taken = new AtomicInteger();
    var source =
        new DelegatingDataSource(pool) {
          @Override
          public Connection getConnection() throws SQLException {
            if (taken.incrementAndGet() == connection) {
              happening.happen();
            }
            return super.getConnection();
          }
        };
    try {
      return new Auditor(new AuditedStore(source), List.of(signer.key()), Anchor.in(anchorFile));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  interface Happening {
    void happen() throws SQLException;
  }

  /** The lines of an export. */
  List<String> export(long from, @Nullable Long to) {
    var lines = new ArrayList<String>();
    auditor()
        .export(from, to)
        .forEachRemaining(line -> lines.add(WireJson.mapper().writeValueAsString(line)));
    return lines;
  }

  /** Takes a partition out of the database, as its archive does. */
  void archive(long first, long last) {
    tamper(
        "ALTER TABLE event_store.event DETACH PARTITION event_store.event_" + first,
        "DELETE FROM event_store.partition WHERE first_position = " + first,
        "INSERT INTO event_store.archive (first_position, last_position, events, sha256)"
            + " VALUES (%d, %d, %d, '')".formatted(first, last, last - first + 1));
  }

  /** A subject's key that was destroyed by hand. */
  void destroyKey(long erasure) throws SQLException {
    execute(
        """
        INSERT INTO event_store.subject_key (key_id, tenant_id, digest, destroyed_at, erasure)
        VALUES ('0123456789abcdef', event_store.tenant_number('acme'), sha256('d'), now(), %d)
        """
            .formatted(erasure));
  }

  Verification verify() {
    return auditor().verify(0, null);
  }

  /** What a superuser can do. */
  SealedStore tamper(String... statements) {
    try (Connection connection = unpooled.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET session_replication_role = replica");
      for (String sql : statements) {
        statement.execute(sql);
      }
      return this;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What the service itself can do. */
  void execute(String sql) throws SQLException {
    try (Connection connection = unpooled.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  long number(String query) throws SQLException {
    try (Connection connection = unpooled.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  Connection connection() throws SQLException {
    return unpooled.getConnection();
  }

  @Override
  public void close() {
    sealers.forEach(Sealer::stop);
    engine.close();
    pool.close();
  }
}
