package dev.skreaver.command.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.command.CommandService;
import dev.skreaver.command.store.EventStoreDatabase;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.GenericDomainEventMessage;
import org.axonframework.eventsourcing.eventstore.EventStore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentSnapshotsTest {
  private static final int EVERY = 10;
  private static final String SETTING = "SKREAVER_SNAPSHOT_EVERY=" + EVERY;

  private final Database database = PostgresServer.shared().freshDatabase();
  private HikariDataSource store;

  @BeforeEach
  void open() {
    store = EventStoreDatabase.pool(database);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void an_agent_is_loaded_from_its_snapshot_and_the_events_since() throws Exception {
    AgentView before = liveToVersion(23);
    try (CommandService other = CommandService.on(database, SETTING)) {
      assertThat(messages(other))
          .satisfies(read -> assertThat(read.getFirst().getPayload()).isInstanceOf(Agent.class))
          .hasSizeLessThanOrEqualTo(EVERY + 1)
          .last()
          .satisfies(event -> assertThat(event.getSequenceNumber()).isEqualTo(23));
      assertThat(other.send(new AgentCommand.Update(key(), Map.of())).agent()).isEqualTo(before);
    }
  }

  @Test
  void an_agent_goes_on_from_its_snapshot_alone() throws Exception {
    liveToVersion(EVERY - 1);
    awaitSnapshot(EVERY - 1);
    try (CommandService other = CommandService.on(database, SETTING)) {
      assertThat(messages(other)).hasSize(1);
      assertThat(other.send(pause()).agent().version()).isEqualTo(EVERY);
    }
    assertThat(
            text(
                """
                SELECT count(*) FROM event_store.event e JOIN event_store.event before
                  ON before.stream_id = e.stream_id AND before.version = e.version - 1
                  AND before.leaf = e.previous_leaf
                """))
        .as("links of the hash chain")
        .isEqualTo(Integer.toString(EVERY));
  }

  @Test
  void of_a_hundred_thousand_events_no_more_are_read_than_of_a_hundred() throws Exception {
    try (CommandService service = CommandService.on(database)) {
      service.send(CommandService.create(key().toString()));
      fill(service.bean(PostgresEventStorageEngine.class), 100_000);
    }
    try (CommandService first = CommandService.on(database)) {
      first.send(pause());
    }
    awaitSnapshot(100_000);
    try (CommandService other = CommandService.on(database)) {
      assertThat(messages(other)).hasSize(1);
      assertThat(other.send(new AgentCommand.Resume(key())).agent().version()).isEqualTo(100_001);
    }
  }

  @Test
  void a_snapshot_of_another_release_is_replaced_at_the_same_version() throws Exception {
    liveToVersion(EVERY - 1);
    awaitSnapshot(EVERY - 1);
    String schema = text("SELECT schema FROM event_store.snapshot");
    text("UPDATE event_store.snapshot SET schema = 'another'");
    try (CommandService service = CommandService.on(database)) {
      var engine = service.bean(PostgresEventStorageEngine.class);
      AgentSnapshots.take(engine, key().toString());
    }
    assertThat(text("SELECT schema FROM event_store.snapshot")).isEqualTo(schema);
  }

  @Test
  void a_snapshot_that_cannot_be_read_is_ignored() throws Exception {
    AgentView before = liveToVersion(EVERY - 1);
    awaitSnapshot(EVERY - 1);
    for (String damage :
        List.of(
            "state = 'garbage'::bytea",
            "state = ''::bytea",
            "state = convert_to('{\"agent_id\":\"walker\"}', 'UTF8')",
            "state = convert_to(replace(convert_from(state, 'UTF8'), '\"walker\"', '\"other\"'),"
                + " 'UTF8')",
            "schema = 'agent/0/of-a-release-before'")) {
      text("CREATE TABLE kept AS TABLE event_store.snapshot");
      text("UPDATE event_store.snapshot SET " + damage);
      assertReadsEverything(damage, before);
      text("DELETE FROM event_store.snapshot");
      text("INSERT INTO event_store.snapshot TABLE kept");
      text("DROP TABLE kept");
    }
    text(
        """
        UPDATE event_store.snapshot SET state = convert_to(
          (convert_from(state, 'UTF8')::jsonb || '{"mood": "sunny"}')::text, 'UTF8')
        """);
    assertReadsEverything("a member that this release does not know", before);
  }

  @Test
  void snapshots_may_be_deleted_at_any_time() throws Exception {
    AgentView before = liveToVersion(EVERY - 1);
    awaitSnapshot(EVERY - 1);
    text("DELETE FROM event_store.snapshot");
    assertReadsEverything("no snapshot", before);
  }

  @Test
  void a_command_that_is_refused_leaves_no_snapshot() throws Exception {
    try (CommandService service = CommandService.on(database, "SKREAVER_SNAPSHOT_EVERY=2")) {
      service.send(CommandService.create(key().toString()));
      text("DELETE FROM event_store.snapshot");
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> service.send(new AgentCommand.Resume(key()))).isNotNull();
      }
    }
    assertThat(text("SELECT count(*) FROM event_store.snapshot WHERE version > 1")).isEqualTo("0");
  }

  @Test
  void snapshots_can_be_switched_off() throws Exception {
    try (CommandService service = CommandService.on(database, "SKREAVER_SNAPSHOT_EVERY=0")) {
      service.send(CommandService.create(key().toString()));
      live(service, 30);
    }
    assertThat(text("SELECT count(*) FROM event_store.snapshot")).isEqualTo("0");
  }

  @Test
  void the_setting_is_checked() {
    assertThatThrownBy(() -> CommandService.on(database, "SKREAVER_SNAPSHOT_EVERY=-1").close())
        .hasStackTraceContaining("SKREAVER_SNAPSHOT_EVERY");
  }

  @Test
  void the_schema_of_a_snapshot_changes_with_the_shape_of_an_agent() {
    record One(String name) {}
    record Two(String name, int age) {}
    record Nested(List<String> names, One one) {}
    record Renamed(List<String> names, Two one) {}
    assertThat(List.of(Shape.of(One.class), Shape.of(Two.class)))
        .doesNotHaveDuplicates()
        .allMatch(shape -> shape.contains("name"));
    assertThat(Shape.of(Nested.class)).isNotEqualTo(Shape.of(Renamed.class));
    assertThat(Shape.of(AgentView.class)).contains("AgentLimits{", "READY", "Custom{");
  }

  private void assertReadsEverything(String why, AgentView before) {
    try (CommandService other = CommandService.on(database, SETTING)) {
      assertThat(messages(other)).as(why).hasSize((int) before.version() + 1);
      assertThat(other.send(new AgentCommand.Update(key(), Map.of())).agent())
          .as(why)
          .isEqualTo(before);
    }
  }

  private AgentView liveToVersion(int version) throws SQLException {
    try (CommandService service = CommandService.on(database, SETTING)) {
      service.send(CommandService.create(key().toString()));
      return live(service, version - 1);
    }
  }

  /** So many more commands of one event each. */
  private static AgentView live(CommandService service, int commands) {
    @Nullable AgentView agent = null;
    for (int i = 0; i < commands; i++) {
      agent = service.send(i % 2 == 0 ? pause() : new AgentCommand.Resume(key())).agent();
    }
    return Objects.requireNonNull(agent);
  }

  /** With events that no command made, up to this many. */
  private static void fill(PostgresEventStorageEngine engine, int events) {
    int portion = 10_000;
    for (long from = 2; from < events; from += portion) {
      engine.appendEvents(
          LongStream.range(from, Math.min(events, from + portion))
              .mapToObj(AgentSnapshotsTest::updated)
              .toList());
    }
  }

  private static DomainEventMessage<AgentEvent> updated(long version) {
    return new GenericDomainEventMessage<>(
        "agent",
        key().toString(),
        version,
        new AgentEvent.Updated(new AgentId("walker"), "name " + version, Map.of(), Map.of()),
        Map.of("tenant", "acme", "subject", "ada"));
  }

  private static List<? extends DomainEventMessage<?>> messages(CommandService service) {
    return service.bean(EventStore.class).readEvents(key().toString()).asStream().toList();
  }

  private static AgentKey key() {
    return AgentKey.parse("acme/walker");
  }

  private static AgentCommand pause() {
    return new AgentCommand.Pause(key(), "lunch");
  }

  private void awaitSnapshot(int version) {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(
            () ->
                text("SELECT max(version) FROM event_store.snapshot")
                    .equals(Integer.toString(version)));
  }

  private String text(String query) throws SQLException {
    try (Connection connection = store.getConnection();
        var statement = connection.createStatement()) {
      if (!statement.execute(query)) {
        return "";
      }
      try (ResultSet result = statement.getResultSet()) {
        result.next();
        return String.valueOf(result.getString(1));
      }
    }
  }
}
