package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventMesh;
import dev.skreaver.embedded.Database;
import dev.skreaver.standalone.Edge.Answer;
import io.lettuce.core.Range;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * A transaction that appends, lingers while all the world sends commands, appends again and commits
 * late. Were positions not in the order of commits, everyone who follows them would have gone past
 * its events by then.
 */
class LateCommitIT {
  private static final TenantId TENANT = new TenantId("default");
  private static final int TRANSACTIONS = 3;
  private static final int PATIENCE_SECONDS = 60;

  private static final String APPEND =
      """
      SELECT appended.first_position, appended.first_stream
      FROM (SELECT tenant_id, ?::text AS agent, ?::bigint AS stream, ?::bigint AS version,
          ?::text AS type, ?::bytea AS payload
        FROM event_store.tenant WHERE name = 'default') AS late,
      LATERAL event_store.append(
        CASE WHEN version = 0 THEN ARRAY[tenant_id] ELSE '{}' END,
        CASE WHEN version = 0 THEN ARRAY[agent] ELSE '{}' END,
        ARRAY[stream], ARRAY[tenant_id], ARRAY[version], ARRAY[gen_random_uuid()],
        ARRAY[event_store.event_type_number(type, 1::smallint)],
        ARRAY[(extract(epoch FROM clock_timestamp()) * 1000000)::bigint],
        ARRAY[convert_to('{"tenant":"default","subject":"late","authentication":"jwt"}', 'UTF8')],
        ARRAY[sha256('salt'::bytea || payload)],
        ARRAY[CASE WHEN version = 0 THEN decode(repeat('00', 32), 'hex') ELSE sha256('0') END],
        ARRAY[sha256(convert_to(version::text, 'UTF8'))], ARRAY['salt'::bytea], ARRAY[payload])
        AS appended
      """;

  private static final String WAITING =
      """
      SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()
      """;

  @Test
  void nobody_who_follows_misses_or_reorders_an_event_that_was_committed_late() throws Exception {
    try (var system = Standalone.ephemeral(InetAddress.getLoopbackAddress(), 0)) {
      system.start();
      try (var edge = new Edge(system.address(), system.token(TENANT));
          Connection transaction = connect(system.database());
          Connection observer = connect(system.database());
          Listener webSocket = edge.listen(0);
          EventSource sse = edge.stream(0);
          Traffic traffic = Traffic.on(edge, "other")) {
        transaction.setAutoCommit(false);
        for (int i = 0; i < TRANSACTIONS; i++) {
          traffic.awaitMore(20);
          AgentId late = new AgentId("late-" + i);
          Appended created = append(transaction, 0, created(late));
          awaitOthers(observer, webSocket, created.position());
          append(transaction, created.stream(), new AgentEvent.Started(late));
          transaction.commit();
        }
        traffic.awaitMore(20);
        traffic.stop();
        assertThat(traffic.failures()).isEmpty();

        long head = edge.create("the-last").position();
        List<Long> stored = longs(observer, "SELECT position FROM event_store.event ORDER BY 1");
        assertThat(stored).last().isEqualTo(head);
        List<JsonNode> agents = agents(edge, head);
        assertThat(agents)
            .as("agents")
            .extracting(agent -> agent.path("agent_id").asString())
            .doesNotHaveDuplicates()
            .hasSize(longs(observer, "SELECT stream_id FROM event_store.stream").size());
        assertThat(agents)
            .filteredOn(agent -> agent.path("agent_id").asString().startsWith("late-"))
            .hasSize(TRANSACTIONS)
            .allSatisfy(agent -> assertThat(agent.path("status").asString()).isEqualTo("ready"))
            .allSatisfy(agent -> assertThat(agent.path("version").asLong()).isEqualTo(1));
        assertThat(eventsOfEach(agents, edge, head)).as("agents' events").isEqualTo(stored);
        assertThat(edge.positions(head)).as("audit trail").isEqualTo(stored);
        webSocket.await(head);
        assertThat(webSocket.positions()).as("WebSocket").isEqualTo(stored);
        assertThat(webSocket.gaps()).isEmpty();
        sse.await(head);
        assertThat(sse.positions()).as("SSE").isEqualTo(stored);
        assertThat(relayed(system.data(), head)).as("Redis").isEqualTo(stored);
      }
    }
  }

  private record Appended(long position, long stream) {}

  /**
   * @param stream the event is the agent's second one; 0 for its first one, which begins a stream
   */
  private static Appended append(Connection transaction, long stream, AgentEvent event)
      throws SQLException {
    try (PreparedStatement statement = transaction.prepareStatement(APPEND)) {
      statement.setString(1, event.agentId().value());
      statement.setLong(2, stream == 0 ? -1 : stream);
      statement.setLong(3, stream == 0 ? 0 : 1);
      statement.setString(4, EventCatalog.of(event.getClass()).wireName());
      statement.setBytes(5, EventFormat.instance().serialize(event, byte[].class).getData());
      try (ResultSet row = statement.executeQuery()) {
        assertThat(row.next()).isTrue();
        return new Appended(row.getLong(1), row.getLong(2));
      }
    }
  }

  private static AgentEvent created(AgentId agent) {
    AgentType type = AgentType.BuiltIn.ECHO;
    return new AgentEvent.Created(
        agent,
        "late",
        new AgentSpec(type, null, Map.of(), Map.of(), AgentLimits.defaultsFor(type)));
  }

  /** Until other commands wait for the open transaction, or, wrongly, were seen to overtake it. */
  private static void awaitOthers(Connection observer, Listener reader, long open)
      throws SQLException, InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (longs(observer, WAITING).getFirst() == 0 && reader.last(0) <= open) {
      assertThat(System.nanoTime()).as("others came in time").isLessThan(limit);
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  private static List<JsonNode> agents(Edge edge, long atLeast) throws Exception {
    var agents = new ArrayList<JsonNode>();
    String path = "/agents?limit=200";
    String next = path;
    while (!next.isEmpty()) {
      Answer page = edge.getNotBefore(next, atLeast);
      assertThat(page.status()).as("%s", page).isEqualTo(200);
      page.body().path("agents").forEach(agents::add);
      String cursor = page.body().path("next_cursor").asString("");
      next = cursor.isEmpty() ? "" : path + "&cursor=" + cursor;
    }
    return agents;
  }

  private static List<Long> eventsOfEach(List<JsonNode> agents, Edge edge, long atLeast)
      throws Exception {
    var positions = new ArrayList<Long>();
    for (JsonNode agent : agents) {
      String path = "/agents/" + agent.path("agent_id").asString() + "/events?limit=1000";
      Answer events = edge.getNotBefore(path, atLeast);
      assertThat(events.status()).as("%s", events).isEqualTo(200);
      events.body().path("events").forEach(event -> positions.add(event.path("position").asLong()));
    }
    positions.sort(null);
    return positions;
  }

  /** The positions in Redis once it has come so far. */
  private static List<Long> relayed(Path data, long head) throws Exception {
    String configuration = Files.readString(data.resolve("redis/redis.conf"));
    RedisURI address =
        RedisURI.Builder.redis("127.0.0.1", Integer.parseInt(setting(configuration, "port")))
            .withPassword(setting(configuration, "requirepass").toCharArray())
            .build();
    try (RedisClient client = RedisClient.create(address);
        var redis = client.connect()) {
      long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (true) {
        List<Long> positions =
            redis.sync().xrange(EventMesh.STREAM, Range.unbounded()).stream()
                .map(entry -> EventMesh.position(entry.getId()))
                .toList();
        if (!positions.isEmpty() && positions.getLast() >= head) {
          return positions;
        }
        assertThat(System.nanoTime()).as("relayed in time").isLessThan(limit);
        TimeUnit.MILLISECONDS.sleep(100);
      }
    }
  }

  private static String setting(String configuration, String name) {
    var line = Pattern.compile("(?m)^" + name + " (.*)$").matcher(configuration);
    assertThat(line.find()).as(name).isTrue();
    return line.group(1);
  }

  private static List<Long> longs(Connection database, String query) throws SQLException {
    var found = new ArrayList<Long>();
    try (Statement statement = database.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      while (row.next()) {
        found.add(row.getLong(1));
      }
    }
    return found;
  }

  private static Connection connect(Database database) throws SQLException {
    return DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
  }
}
