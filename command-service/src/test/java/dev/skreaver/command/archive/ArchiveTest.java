package dev.skreaver.command.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

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
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Partitions of ten positions: of the first ten, an agent that goes on and one that has ended. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@ExtendWith(OutputCaptureExtension.class)
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
  void a_file_of_another_store_is_neither_restored_nor_overwritten() throws Exception {
    archive.export(1);
    archive.detach(1, safety());
    String kept = sql(EVENTS);
    Database fresh = PostgresServer.shared().freshDatabase();
    try (HikariDataSource other = EventStoreDatabase.pool(fresh)) {
      EventStoreSchema.migrate(other);
      try (Connection connection = other.getConnection();
          var statement = connection.createStatement()) {
        statement.execute("SELECT event_store.make_room(1, 10)");
      }
      try (CommandService filling = CommandService.on(fresh)) {
        filling.send(CommandService.create(LIVING.toString()));
        filling.send(CommandService.create("acme/stranger"));
        for (int i = 0; i < 10; i++) {
          filling.send(
              i % 2 == 0
                  ? new AgentCommand.Pause(LIVING, "lunch")
                  : new AgentCommand.Resume(LIVING));
        }
      }

      assertThatThrownBy(() -> new Archive(other, folder).export(1))
          .isInstanceOf(ArchiveException.class)
          .hasMessageContaining("is of another event store");

      Path elsewhere = folder.resolve("elsewhere");
      new Archive(other, elsewhere).export(1);
      assertThatThrownBy(() -> new Archive(store, elsewhere).restore(1))
          .isInstanceOf(ArchiveException.class)
          .hasMessageContaining("is not the file whose events were detached here");
    }
    assertThat(sql(EVENTS)).isEqualTo(kept);
    archive.restore(1);
  }

  @Test
  void an_agent_that_was_deleted_after_its_first_events_were_archived_stays_deleted()
      throws Exception {
    AgentKey deleted = AgentKey.parse("acme/later");
    Database fresh = PostgresServer.shared().freshDatabase();
    try (HikariDataSource other = partitioned(fresh, 10)) {
      try (CommandService filling = CommandService.on(fresh)) {
        filling.send(CommandService.create(deleted.toString()));
        filling.send(CommandService.create(LIVING.toString()));
        for (int i = 0; i < 5; i++) {
          filling.send(new AgentCommand.Pause(LIVING, "lunch"));
          filling.send(new AgentCommand.Resume(LIVING));
        }
        filling.send(new AgentCommand.Delete(deleted));
        var files = new Archive(other, folder.resolve("later"));
        files.export(1);
        files.detach(1, safety(filling));
      }
      try (CommandService restarted = CommandService.on(fresh)) {
        assertThatThrownBy(() -> restarted.send(new AgentCommand.Resume(deleted)))
            .hasMessageContaining("not found");
      }
    }
  }

  @Test
  void the_manifest_of_another_store_is_not_lost_in_a_folder_that_they_share() throws Exception {
    archive.export(1);
    archive.detach(1, safety());
    Database fresh = PostgresServer.shared().freshDatabase();
    try (HikariDataSource other = partitioned(fresh, 5)) {
      try (CommandService filling = CommandService.on(fresh)) {
        for (int i = 0; i < 5; i++) {
          filling.send(CommandService.create("acme/stranger-" + i));
        }
      }
      assertThatThrownBy(() -> new Archive(other, folder).export(1))
          .isInstanceOf(ArchiveException.class)
          .hasMessageContaining("choose another folder");
    }
    archive.restore(1);
  }

  private static HikariDataSource partitioned(Database database, int positions)
      throws SQLException {
    HikariDataSource store = EventStoreDatabase.pool(database);
    EventStoreSchema.migrate(store);
    try (Connection connection = store.getConnection();
        var statement = connection.createStatement()) {
      statement.execute("SELECT event_store.make_room(1, %d)".formatted(positions));
    }
    return store;
  }

  @Test
  void why_an_agent_has_no_snapshot_is_said() throws Exception {
    sql("UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position = 2");
    archive.export(1);

    refused("acme/living (Agent 'living' takes no commands", safety());
  }

  @Test
  void events_of_an_agent_that_the_store_does_not_know_are_not_lost_in_silence() throws Exception {
    archive.export(1);
    archive.detach(1, safety());
    sql(
        "ALTER TABLE event_store.stream DISABLE TRIGGER ALL;"
            + " UPDATE event_store.stream SET key = 'renamed' WHERE key = 'ended';"
            + " ALTER TABLE event_store.stream ENABLE TRIGGER ALL");

    assertThatThrownBy(() -> archive.restore(1))
        .isInstanceOf(ArchiveException.class)
        .hasMessageContaining("of agents that it does not know");

    assertThat(archive.list()).first().isEqualTo(new Partition(1, 10, true, true));
  }

  @Test
  void a_snapshot_that_cannot_be_read_is_taken_anew_before_its_events_leave() throws Exception {
    archive.export(1);
    AgentSnapshots.take(service.bean(PostgresEventStorageEngine.class), LIVING.toString());
    sql("UPDATE event_store.snapshot SET state = 'damaged'");

    refused("acme/living", new Safety(AgentSnapshots.format(), agent -> {}, 10L, 0));
    archive.detach(1, safety());

    try (CommandService other = anotherInstance()) {
      assertThat(other.send(new AgentCommand.Pause(LIVING, "again")).agent().version())
          .isEqualTo(12);
    }
  }

  @Test
  void a_replay_that_begins_while_files_are_compared_keeps_its_events() throws Exception {
    sql(
        "CREATE SCHEMA read_model;"
            + " CREATE TABLE read_model.projection_token (position bigint);"
            + " INSERT INTO read_model.projection_token VALUES (10)");
    archive.export(1);
    var engine = service.bean(PostgresEventStorageEngine.class);
    var safety =
        new Safety(
            AgentSnapshots.format(),
            agent -> {
              AgentSnapshots.take(engine, agent);
              beginReplay();
            },
            null,
            0);

    refused("projections are at 0 only", safety);

    assertThat(sql("SELECT min(position) FROM event_store.event")).isEqualTo("1");
  }

  private void beginReplay() {
    try {
      sql("INSERT INTO read_model.projection_token VALUES (0)");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void an_instance_whose_last_event_was_archived_goes_on(CapturedOutput output) throws Exception {
    Database fresh = PostgresServer.shared().freshDatabase();
    try (HikariDataSource other = EventStoreDatabase.pool(fresh)) {
      EventStoreSchema.migrate(other);
      try (Connection connection = other.getConnection();
          var statement = connection.createStatement()) {
        statement.execute("SELECT event_store.make_room(1, 10)");
      }
      try (CommandService quiet = CommandService.on(fresh);
          CommandService busy = CommandService.on(fresh)) {
        quiet.send(CommandService.create(ENDED.toString()));
        quiet.send(new AgentCommand.Delete(ENDED));
        busy.send(CommandService.create(LIVING.toString()));
        for (int i = 0; i < 10; i++) {
          busy.send(
              i % 2 == 0
                  ? new AgentCommand.Pause(LIVING, "lunch")
                  : new AgentCommand.Resume(LIVING));
        }
        var files = new Archive(other, folder.resolve("other"));
        files.export(1);
        files.detach(1, safety(busy));
        try (Connection connection = other.getConnection();
            var statement = connection.createStatement()) {
          statement.execute(
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                  + " WHERE datname = current_database() AND pid <> pg_backend_pid()");
        }

        await()
            .atMost(Duration.ofSeconds(30))
            .ignoreExceptions()
            .until(() -> quiet.send(CommandService.create("acme/later")).position() > 0);

        assertThat(output).doesNotContain("no longer has event");
      }
    }
  }

  @Test
  void what_is_still_needed_is_not_detached() {
    archive.export(1);
    refused("say up to which position", new Safety(AgentSnapshots.format(), x -> {}, null, 0));
    refused("projections are at 9", new Safety(AgentSnapshots.format(), x -> {}, 9L, 0));
    refused("less than 100", new Safety(AgentSnapshots.format(), x -> {}, 100L, 100));
    refused("acme/living", new Safety(AgentSnapshots.format(), x -> {}, 100L, 0));
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
    return new Safety(AgentSnapshots.format(), agent -> AgentSnapshots.take(engine, agent), 10L, 0);
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
