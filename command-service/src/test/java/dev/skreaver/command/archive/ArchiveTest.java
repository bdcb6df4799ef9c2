package dev.skreaver.command.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.subject.SubjectErasure;
import dev.skreaver.api.subject.SubjectErasure.Erased;
import dev.skreaver.command.CommandService;
import dev.skreaver.command.agent.AgentSnapshots;
import dev.skreaver.command.archive.Archive.Partition;
import dev.skreaver.command.archive.Archive.Safety;
import dev.skreaver.command.store.EventStoreDatabase;
import dev.skreaver.command.store.EventStoreSchema;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Partitions of ten positions: of the first ten, an agent that goes on and one that has ended. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ArchiveTest {
  private static final AgentKey LIVING = AgentKey.parse("acme/living");
  private static final AgentKey ENDED = AgentKey.parse("acme/ended");
  private static final String EVENTS =
      "SELECT e::text FROM event_store.event e ORDER BY e.position";

  @TempDir private Path folder;
  private final Database database = PostgresServer.shared().freshDatabase();
  private HikariDataSource store;
  private CommandService service;
  private Archive archive;

  @BeforeEach
  void live() throws SQLException {
    store = EventStoreDatabase.pool(database);
    EventStoreSchema.migrate(store);
    sql("SELECT event_store.make_room(1, 10)");
    service = CommandService.on(database, "SKREAVER_SNAPSHOT_EVERY=0");
    archive = new Archive(store, folder);
    service.send(CommandService.create(LIVING.toString()));
    service.send(CommandService.create(ENDED.toString()));
    service.send(new AgentCommand.Delete(ENDED));
    for (int i = 0; i < 10; i++) {
      service.send(
          i % 2 == 0 ? new AgentCommand.Pause(LIVING, "lunch") : new AgentCommand.Resume(LIVING));
    }
  }

  @AfterEach
  void end() {
    service.close();
    store.close();
  }

  @Test
  void an_archived_partition_comes_back_as_it_was() throws Exception {
    String before = sql(EVENTS);
    Manifest exported = archive.export(1);
    archive.detach(1, safety());
    assertThat(archive.list()).first().isEqualTo(new Partition(1, 10, true, true));
    assertThat(sql("SELECT min(position) FROM event_store.event")).isEqualTo("11");
    archive.restore(1);
    assertThat(sql(EVENTS)).isEqualTo(before);
    assertThat(archive.list()).first().isEqualTo(new Partition(1, 10, false, true));
    assertThatThrownBy(() -> sql("DELETE FROM event_store.event_1"))
        .hasMessageContaining("events are never changed");
    assertThat(archive.export(1).events()).isEqualTo(exported.events());
  }

  @Test
  void partitions_come_back_from_the_last_one_on() throws Exception {
    Database fresh = PostgresServer.shared().freshDatabase();
    try (HikariDataSource other = EventStoreDatabase.pool(fresh)) {
      EventStoreSchema.migrate(other);
      try (Connection connection = other.getConnection();
          var statement = connection.createStatement()) {
        statement.execute("SELECT event_store.make_partition(1, 5)");
        statement.execute("SELECT event_store.make_partition(6, 10)");
      }
      try (CommandService filling = CommandService.on(fresh)) {
        filling.send(CommandService.create(LIVING.toString()));
        for (int i = 0; i < 10; i++) {
          filling.send(
              i % 2 == 0
                  ? new AgentCommand.Pause(LIVING, "lunch")
                  : new AgentCommand.Resume(LIVING));
        }
        var files = new Archive(other, folder);
        files.export(1);
        files.export(6);
        files.detach(1, safety(filling));
        files.detach(6, safety(filling));

        assertThatThrownBy(() -> files.restore(1)).hasMessageContaining("begins at 6 first");

        files.restore(6);
        files.restore(1);
        assertThat(files.list())
            .startsWith(new Partition(1, 5, false, true), new Partition(6, 10, false, true));
      }
    }
  }

  @Test
  void what_a_sealer_has_yet_to_seal_is_not_detached() throws Exception {
    archive.export(1);
    sql(
        """
        INSERT INTO event_store.checkpoint (size, previous_size, first_position, position, time,
          root, frontier, entries, note)
        VALUES (5, 0, 1, 5, now(), sha256('root'), '', repeat(' ', 5 * 48)::bytea, 'note')
        """);
    refused("sealed up to 5 only", safety());
  }

  @Test
  void the_file_holds_all_that_is_stored_of_each_event() throws Exception {
    Manifest manifest = archive.export(1);
    assertThat(manifest.events()).isEqualTo(10);
    try (var lines = new GZIPInputStream(Files.newInputStream(folder.resolve(manifest.file())))) {
      List<String> events = new String(lines.readAllBytes(), UTF_8).lines().toList();
      assertThat(events).hasSize(10);
      assertThat(events.getFirst())
          .contains(
              "\"position\":1",
              "\"tenant\":\"acme\"",
              "\"agent_id\":\"living\"",
              "\"version\":0",
              "\"type\":\"agent.created\"",
              "\"payload_hash\":",
              "\"previous_leaf\":",
              "\"leaf\":",
              "\"salt\":",
              "\"payload\":",
              "\"metadata\":");
    }
  }

  @Test
  void an_agent_whose_first_events_are_archived_goes_on() throws Exception {
    archive.export(1);
    archive.detach(1, safety());
    try (CommandService other = anotherInstance()) {
      assertThat(other.send(new AgentCommand.Pause(LIVING, "again")).agent().version())
          .isEqualTo(12);
    }
  }

  @Test
  void without_its_snapshot_such_an_agent_is_refused_until_the_archive_is_restored()
      throws Exception {
    archive.export(1);
    archive.detach(1, safety());
    sql("DELETE FROM event_store.snapshot");
    try (CommandService other = anotherInstance()) {
      assertThatThrownBy(() -> other.send(new AgentCommand.Pause(LIVING, "again")))
          .isInstanceOfSatisfying(
              Refusal.class,
              refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.SERVICE_UNAVAILABLE))
          .hasMessageContaining("restore the archive");
    }
    archive.restore(1);
    try (CommandService other = anotherInstance()) {
      assertThat(other.send(new AgentCommand.Pause(LIVING, "again")).agent().version())
          .isEqualTo(12);
    }
  }

  @Test
  void an_agent_that_has_ended_stays_ended() {
    archive.export(1);
    archive.detach(1, safety());
    try (CommandService other = anotherInstance()) {
      assertThatThrownBy(() -> other.send(new AgentCommand.Resume(ENDED)))
          .hasMessageContaining("not found");
      assertThatThrownBy(() -> other.send(CommandService.create(ENDED.toString())))
          .hasMessageContaining("exists already");
    }
  }

  @Test
  void an_erasure_needs_no_snapshot_and_is_known_after_it_is_archived() throws Exception {
    Database fresh = PostgresServer.shared().freshDatabase();
    try (HikariDataSource other = EventStoreDatabase.pool(fresh)) {
      EventStoreSchema.migrate(other);
      try (Connection connection = other.getConnection();
          var statement = connection.createStatement()) {
        statement.execute("SELECT event_store.make_room(1, 10)");
      }
      try (CommandService erasing = CommandService.on(fresh)) {
        erasing.send(CommandService.create(LIVING.toString()));
        Erased erased = eraseAda(erasing);
        for (int i = 0; i < 10; i++) {
          erasing.send(
              i % 2 == 0
                  ? new AgentCommand.Pause(LIVING, "lunch")
                  : new AgentCommand.Resume(LIVING));
        }
        eraseAda(erasing);
        var files = new Archive(other, folder);
        files.export(1);

        files.detach(1, safety(erasing));

        assertThat(erased.position()).isEqualTo(3);
        assertThat(eraseAda(erasing).repeated()).isTrue();
      }
    }
  }

  private static Erased eraseAda(CommandService erasing) {
    var request = new SubjectErasure.Request(CommandService.caller(LIVING), "ada", "asked for");
    return Objects.requireNonNull(erasing.bean(SubjectErasure.class).erase(request).block());
  }

  @Test
  void a_version_that_is_archived_is_taken() throws Exception {
    archive.export(1);
    String archived =
        sql("SELECT stream_id || ', ' || tenant_id FROM event_store.event WHERE position = 6");
    archive.detach(1, safety());
    String[] numbers = archived.split(", ", 2);
    assertThatThrownBy(
            () ->
                sql(
                    """
                    SELECT event_store.append('{}', '{}', ARRAY[%s::bigint], ARRAY[%s], ARRAY[2::bigint],
                      ARRAY[gen_random_uuid()], ARRAY[1::smallint], ARRAY[0::bigint],
                      ARRAY['{}'::bytea], ARRAY[sha256('p')], ARRAY[sha256('q')],
                      ARRAY[sha256('r')], ARRAY[''::bytea], ARRAY['{}'::bytea],
                      p_previous_positions => ARRAY[2::bigint])
                    """
                        .formatted(numbers[0], numbers[1])))
        .isInstanceOfSatisfying(
            SQLException.class, refusal -> assertThat(refusal.getSQLState()).isEqualTo("23505"));
  }

  @Test
  void nothing_is_detached_that_was_not_exported_or_is_not_what_was_exported() throws Exception {
    refused("export the partition", safety());
    Path file = folder.resolve(archive.export(1).file());
    byte[] exported = Files.readAllBytes(file);
    Files.write(file, new byte[] {0}, StandardOpenOption.APPEND);
    refused("SHA-256", safety());
    Files.write(file, exported);
    sql("UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position = 3");
    refused("differ at position 3", safety());
    archive.export(1);
    archive.detach(1, safety());
    assertThat(sql("SELECT count(*) FROM event_store.event WHERE position < 11")).isEqualTo("0");
  }

  @Test
  void what_is_still_needed_is_not_detached() {
    archive.export(1);
    refused("say up to which position", new Safety(AgentSnapshots.schema(), x -> {}, null, 0));
    refused("projections are at 9", new Safety(AgentSnapshots.schema(), x -> {}, 9L, 0));
    refused("less than 100", new Safety(AgentSnapshots.schema(), x -> {}, 100L, 100));
    refused("acme/living", new Safety(AgentSnapshots.schema(), x -> {}, 100L, 0));
    assertThatThrownBy(() -> archive.export(11)).hasMessageContaining("only a full one");
    assertThatThrownBy(() -> archive.export(7)).hasMessageContaining("begins at 7");
    assertThatThrownBy(() -> archive.restore(1)).hasMessageContaining("is not archived");
  }

  private void refused(String why, Safety safety) {
    assertThatThrownBy(() -> archive.detach(1, safety))
        .isInstanceOf(ArchiveException.class)
        .hasMessageContaining(why);
  }

  private Safety safety() {
    return safety(service);
  }

  private static Safety safety(CommandService service) {
    var engine = service.bean(PostgresEventStorageEngine.class);
    return new Safety(AgentSnapshots.schema(), agent -> AgentSnapshots.take(engine, agent), 10L, 0);
  }

  private CommandService anotherInstance() {
    return CommandService.on(database, "SKREAVER_SNAPSHOT_EVERY=0");
  }

  private String sql(String query) throws SQLException {
    try (Connection connection = store.getConnection();
        var statement = connection.createStatement()) {
      if (!statement.execute(query)) {
        return "";
      }
      var lines = new StringJoiner("\n");
      try (ResultSet row = statement.getResultSet()) {
        while (row.next()) {
          lines.add(String.valueOf(row.getString(1)));
        }
      }
      return lines.toString();
    }
  }
}
