package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.embedded.Database;
import dev.skreaver.standalone.Edge.Answer;
import java.net.InetAddress;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.GenericDomainEventMessage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Read models of a large store are built anew while they are read and written to. */
class RebuildIT {
  private static final TenantId TENANT = new TenantId("default");
  private static final int AGENTS = 4_000;
  private static final int EVENTS_OF_EACH = 25;
  private static final int PATIENCE_SECONDS = 180;

  private static Standalone system;
  private static Edge edge;
  private static long loaded;

  @BeforeAll
  static void load() throws Exception {
    system = Standalone.ephemeral(InetAddress.getLoopbackAddress(), 0);
    system.start();
    edge = new Edge(system.address(), system.token(TENANT));
    Database database = system.database();
    try (var store = new HikariDataSource()) {
      store.setJdbcUrl(database.jdbcUrl());
      store.setUsername(database.user());
      store.setPassword(database.password());
      try (var engine = new PostgresEventStorageEngine(store, EventFormat.upcasters(), 2, 24);
          var loaders = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int agent = 0; agent < AGENTS; agent++) {
          List<DomainEventMessage<?>> life = life(agentId(agent));
          loaders.execute(() -> engine.appendEvents(life));
        }
      }
    }
    loaded = Long.parseLong(answer("SELECT max(position) FROM event_store.event"));
    assertThat(answer("SELECT count(*) FROM event_store.event"))
        .isEqualTo(Integer.toString(AGENTS * EVENTS_OF_EACH));
    await("agent", projection -> projection.path("position").asLong() >= loaded);
    await("audit", projection -> projection.path("position").asLong() >= loaded);
  }

  @AfterAll
  static void stop() {
    edge.close();
    system.close();
  }

  @Test
  void the_agents_are_read_while_their_read_model_is_built_anew() throws Exception {
    String content =
        """
        SELECT count(*) || ' ' || md5(string_agg(kept::text, ' ' ORDER BY agent_id))
        FROM read_model.agent AS kept WHERE agent_id LIKE 'loaded-%'
        """;

    Traffic traffic =
        rebuild(
            "agent",
            content,
            (reported, others) -> {
              Answer list = edge.get("/agents?limit=20&type=echo");
              assertThat(list.status()).as("%s", list).isEqualTo(200);
              assertThat(list.position()).isGreaterThanOrEqualTo(reported);
              assertThat(list.body().path("agents").size()).isEqualTo(20);
              assertThat(list.body().path("total").asLong()).isGreaterThanOrEqualTo(AGENTS);

              String id = agentId((int) (reported % AGENTS)).value();
              Answer one = edge.get("/agents/" + id);
              assertThat(one.status()).as("%s", one).isEqualTo(200);
              assertThat(one.position()).isGreaterThanOrEqualTo(reported);
              assertThat(one.body().path("version").asInt()).isEqualTo(EVENTS_OF_EACH - 1);

              Map.Entry<Long, String> written = others.acknowledged().floorEntry(reported);
              if (written != null) {
                Answer read = edge.get("/agents/" + written.getValue());
                assertThat(read.status()).as("%s %s", written, read).isEqualTo(200);
              }
            });

    long head = traffic.acknowledged().lastKey();
    Answer paused = edge.getNotBefore("/agents?limit=1&status=paused&name_prefix=agent-w", head);
    assertThat(paused.body().path("total").asLong())
        .isEqualTo(traffic.acknowledged().values().stream().distinct().count());
  }

  @Test
  void the_audit_trail_is_searched_while_its_index_is_built_anew() throws Exception {
    String content =
        """
        SELECT count(*) || ' ' || md5(string_agg(kept::text, ' ' ORDER BY position))
        FROM read_model.audit_event_v2 AS kept WHERE position <= %d
        """
            .formatted(loaded);

    rebuild(
        "audit",
        content,
        (reported, others) -> {
          Answer all = edge.get("/events?limit=20&type=agent.created");
          assertThat(all.status()).as("%s", all).isEqualTo(200);
          assertThat(all.position()).isGreaterThanOrEqualTo(reported);
          assertThat(all.body().path("events").size()).isEqualTo(20);

          Map.Entry<Long, String> written = others.acknowledged().floorEntry(reported);
          if (written != null) {
            Answer read = edge.get("/agents/" + written.getValue() + "/events");
            assertThat(read.body().path("events"))
                .as("%s %s", written, read)
                .extracting(event -> event.path("position").asLong())
                .contains(written.getKey());
          }
        });
  }

  private interface Reads {
    /**
     * @param reported the position that the list of projections has just said is served
     */
    void check(long reported, Traffic others) throws Exception;
  }

  /**
   * @param content a query for what must be the same afterwards
   * @return what was written meanwhile
   */
  private static Traffic rebuild(String projection, String content, Reads reads) throws Exception {
    String before = answer(content);
    int generation = projection(projection).path("generation").asInt();
    var rebuilt = new AtomicBoolean();
    try (Traffic traffic = Traffic.on(edge, projection + "-w");
        var readers = Executors.newVirtualThreadPerTaskExecutor()) {
      traffic.awaitMore(20);
      var reading = new ArrayList<Future<Integer>>();
      for (int reader = 0; reader < 2; reader++) {
        reading.add(readers.submit(() -> readUntil(rebuilt, projection, traffic, reads)));
      }
      try {
        Answer begun = edge.post("/admin/projections/" + projection + "/replay", Map.of());
        assertThat(begun.status()).as("%s", begun).isEqualTo(202);
        var replays = new ArrayList<JsonNode>();
        await(
            projection,
            now -> {
              if (now.path("replay").isObject()) {
                replays.add(now.path("replay"));
              }
              return now.path("generation").asInt() != generation;
            });
        assertThatItWasFollowed(replays);
        traffic.awaitMore(20);
      } finally {
        rebuilt.set(true);
      }
      for (Future<Integer> reader : reading) {
        assertThat(reader.get()).as("rounds of reads").isGreaterThan(1);
      }
      traffic.stop();
      assertThat(traffic.failures()).isEmpty();
      JsonNode after = projection(projection);
      assertThat(after.path("generation").asInt()).isEqualTo(generation + 1);
      assertThat(after.path("status").asString()).isEqualTo("live");
      assertThat(after.path("dead_letters").asInt()).isZero();
      assertThat(answer(content)).isEqualTo(before);
      return traffic;
    }
  }

  private static int readUntil(
      AtomicBoolean rebuilt, String projection, Traffic traffic, Reads reads) throws Exception {
    int rounds = 0;
    for (; !rebuilt.get(); rounds++) {
      reads.check(projection(projection).path("position").asLong(), traffic);
    }
    return rounds;
  }

  private static void assertThatItWasFollowed(List<JsonNode> replays) {
    // Progress itself may fall a little, as there is ever more to build.
    assertThat(replays).extracting(replay -> replay.path("position").asLong()).isSorted();
    assertThat(replays)
        .extracting(replay -> replay.path("progress").asDouble())
        .allSatisfy(progress -> assertThat(progress).isBetween(0.0, 1.0))
        .anySatisfy(progress -> assertThat(progress).isLessThan(0.5))
        .anySatisfy(progress -> assertThat(progress).isGreaterThan(0.5));
    assertThat(replays)
        .anySatisfy(
            replay -> {
              assertThat(replay.path("events_per_second").asDouble()).isPositive();
              assertThat(replay.path("seconds_left").asLong()).isPositive();
            });
  }

  private static JsonNode projection(String name) throws Exception {
    Answer answer = edge.get("/admin/projections");
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    return answer
        .body()
        .path("projections")
        .valueStream()
        .filter(projection -> projection.path("name").asString().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static void await(String projection, Predicate<JsonNode> there) throws Exception {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    for (JsonNode now = projection(projection); !there.test(now); now = projection(projection)) {
      assertThat(System.nanoTime()).as("in time: %s", now).isLessThan(limit);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private static AgentId agentId(int number) {
    return new AgentId("loaded-%05d".formatted(number));
  }

  private static List<DomainEventMessage<?>> life(AgentId agent) {
    AgentType type = AgentType.BuiltIn.ECHO;
    var spec =
        new AgentSpec(
            type, agent.value(), Map.of("team", "search"), Map.of(), AgentLimits.defaultsFor(type));
    var events = new ArrayList<AgentEvent>();
    events.add(new AgentEvent.Created(agent, "loader", spec));
    events.add(new AgentEvent.Started(agent));
    while (events.size() < EVENTS_OF_EACH) {
      events.add(
          switch (events.size() % 3) {
            case 0 -> new AgentEvent.Resumed(agent);
            case 1 ->
                new AgentEvent.Updated(
                    agent, "name " + events.size(), spec.labels(), spec.config());
            default -> new AgentEvent.Paused(agent, "maintenance");
          });
    }
    var life = new ArrayList<DomainEventMessage<?>>();
    for (AgentEvent event : events) {
      life.add(
          new GenericDomainEventMessage<>(
              "agent",
              TENANT + "/" + agent,
              life.size(),
              event,
              Map.of(
                  "tenant", TENANT.value(), "subject", "loader", "authentication", "in process")));
    }
    return life;
  }

  private static String answer(String query) throws SQLException {
    Database database = system.database();
    try (var connection =
            DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
        var statement = connection.createStatement();
        var row = statement.executeQuery(query)) {
      assertThat(row.next()).isTrue();
      return row.getString(1);
    }
  }
}
