package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.embedded.PostgresServer;
import dev.skreaver.embedded.RedisServer;
import dev.skreaver.platform.ConfigurationError;
import dev.skreaver.standalone.Edge.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same code as three processes, with two gateways. */
class SplitIT {
  private static final int AGENTS = 12;
  private static final Set<Integer> GIVEN = new HashSet<>();

  @TempDir Path folder;

  @Test
  void a_listener_on_one_gateway_hears_what_a_command_through_the_other_did() throws Exception {
    try (var postgres = PostgresServer.throwAway();
        var redis = RedisServer.throwAway()) {
      var issuer = DevelopmentIssuer.in(folder);
      String token = issuer.token(new TenantId("default"), TokenCommand.Role.ADMIN, "tester");
      var settings = new HashMap<>(issuer.settings());
      settings.put("DATABASE_URL", postgres.freshDatabase().url());
      settings.put("REDIS_URL", redis.url());
      settings.put("SKREAVER_DRAIN_MS", "0");
      int commandPort = freePort();
      int queryPort = freePort();
      settings.put("SKREAVER_COMMAND_URL", "http://127.0.0.1:" + commandPort);
      settings.put("SKREAVER_QUERY_URL", "http://127.0.0.1:" + queryPort);
      int onePort = freePort();
      int otherPort = freePort();

      try (Program command = service("command-service", settings, commandPort);
          Program query = service("query-service", settings, queryPort);
          Program firstGateway = service("gateway", settings, onePort);
          Program secondGateway = service("gateway", settings, otherPort);
          var one = new Edge(URI.create("http://127.0.0.1:" + onePort), token);
          var other = new Edge(URI.create("http://127.0.0.1:" + otherPort), token)) {
        one.awaitReady(firstGateway);
        other.awaitReady(secondGateway);
        assertThat(command.handle().isAlive()).isTrue();
        assertThat(query.handle().isAlive()).isTrue();

        try (Listener listener = one.listen(0)) {
          Answer created = other.create("across");
          assertThat(created.status()).as("%s", created).isEqualTo(201);
          listener.await(created.position());

          Answer paused = other.pause("across");
          assertThat(paused.status()).as("%s", paused).isEqualTo(200);
          listener.await(paused.position());
          assertThat(listener.positions()).isEqualTo(one.positions(paused.position()));
          assertThat(one.getNotBefore("/agents/across/status", paused.position()).status())
              .isEqualTo(200);
          assertThat(other.post("/agents/across/resume?dry_run=true", Map.of()).status())
              .isEqualTo(200);
          String refused = other.pause("across").body().at("/details/command_id").asString();
          assertThat(one.get("/commands/" + refused).status()).isEqualTo(200);
          assertThat(one.get("/events/" + paused.position() + "/causes").status()).isEqualTo(200);
        }

        secondGateway.terminate();
        firstGateway.terminate();
        query.terminate();
        command.terminate();
      }
    }
  }

  @Test
  void commands_go_on_when_one_of_two_command_services_is_killed_and_when_it_is_back()
      throws Exception {
    try (var postgres = PostgresServer.throwAway()) {
      int firstPort = freePort();
      int secondPort = freePort();
      int queryPort = freePort();
      int edgePort = freePort();
      var settings = twoCommandServices(postgres, firstPort, secondPort, queryPort);

      try (Program first = service("command-service", settings, firstPort);
          Program second = service("command-service", settings, secondPort);
          Program query = service("query-service", settings, queryPort);
          Program gateway = service("gateway", settings, edgePort);
          var edge = edge(edgePort)) {
        edge.awaitReady(gateway);
        awaitInstances(edge, "Healthy", "Healthy");
        for (int i = 0; i < AGENTS; i++) {
          assertThat(edge.create("agent-" + i).status()).isEqualTo(201);
        }

        first.kill();
        long position = 0;
        for (int i = 0; i < AGENTS; i++) {
          Answer paused = edge.pause("agent-" + i);
          assertThat(paused.status()).as("%s", paused).isEqualTo(200);
          position = paused.position();
        }
        awaitInstances(edge, "Healthy", "Unhealthy");

        try (Program again = service("command-service", settings, firstPort)) {
          awaitInstances(edge, "Healthy", "Healthy");
          second.kill();
          for (int i = 0; i < AGENTS; i++) {
            Answer resumed = edge.post("/agents/agent-%d/resume".formatted(i), Map.of());
            assertThat(resumed.status()).as("%s", resumed).isEqualTo(200);
            position = resumed.position();
          }
          assertThat(edge.positions(position)).hasSize(4 * AGENTS);
          assertThat(query.handle().isAlive()).isTrue();
          assertThat(again.handle().isAlive()).isTrue();
        }
      }
    }
  }

  @Test
  void a_command_service_that_is_stopped_serves_until_nobody_sends_it_commands_any_more()
      throws Exception {
    try (var postgres = PostgresServer.throwAway()) {
      int firstPort = freePort();
      int secondPort = freePort();
      int queryPort = freePort();
      int edgePort = freePort();
      var settings = twoCommandServices(postgres, firstPort, secondPort, queryPort);
      var patient = new HashMap<>(settings);
      patient.put("SKREAVER_DRAIN_MS", "60000");

      try (Program first = service("command-service", patient, firstPort);
          Program second = service("command-service", settings, secondPort);
          Program query = service("query-service", settings, queryPort);
          Program gateway = service("gateway", settings, edgePort);
          var edge = edge(edgePort)) {
        edge.awaitReady(gateway);
        awaitInstances(edge, "Healthy", "Healthy");
        try (var traffic = Traffic.on(edge, "rolling")) {
          traffic.awaitMore(100);
          first.handle().destroy();
          awaitInstances(edge, "Healthy", "Unhealthy");
          assertThat(edge.get("/ready").body().toString()).contains("it is being stopped");
          traffic.awaitMore(100);
          first.kill();
          traffic.awaitMore(100);
          traffic.stop();

          assertThat(traffic.failures()).isEmpty();
        }
        assertThat(second.handle().isAlive()).isTrue();
        assertThat(query.handle().isAlive()).isTrue();
      }
    }
  }

  @Test
  void a_setting_that_is_not_valid_ends_a_services_start_with_one_line_that_names_it() {
    var settings = new HashMap<>(DevelopmentIssuer.in(folder).settings());
    settings.put("SKREAVER_MESH_ENABLED", "false");
    settings.put("SKREAVER_DRAIN_MS", "soon");

    try (Program gateway = service("gateway", settings, freePort())) {
      assertThat(gateway.exitCode()).as(gateway.output()).isEqualTo(ConfigurationError.EXIT_CODE);
      assertThat(gateway.output().lines().filter(line -> !line.contains("\"level\":\"INFO\"")))
          .singleElement()
          .asString()
          .contains("SKREAVER_DRAIN_MS: 'soon' is not valid");
    }
  }

  private Map<String, String> twoCommandServices(
      PostgresServer postgres, int firstPort, int secondPort, int queryPort) {
    var settings = new HashMap<>(DevelopmentIssuer.in(folder).settings());
    settings.put("DATABASE_URL", postgres.freshDatabase().url());
    settings.put("SKREAVER_MESH_ENABLED", "false");
    settings.put("SKREAVER_DRAIN_MS", "0");
    settings.put(
        "SKREAVER_COMMAND_URL",
        "http://127.0.0.1:%d,http://127.0.0.1:%d".formatted(firstPort, secondPort));
    settings.put("SKREAVER_QUERY_URL", "http://127.0.0.1:" + queryPort);
    return settings;
  }

  private Edge edge(int port) {
    return new Edge(
        URI.create("http://127.0.0.1:" + port),
        DevelopmentIssuer.in(folder)
            .token(new TenantId("default"), TokenCommand.Role.ADMIN, "tester"));
  }

  /** Waits until the gateway sees its command services so, in whichever order. */
  private static void awaitInstances(Edge edge, String... expected) {
    await()
        .atMost(Duration.ofMinutes(2))
        .untilAsserted(
            () ->
                assertThat(
                        edge.get("/ready")
                            .body()
                            .at("/components/command_service/metadata")
                            .valueStream()
                            .map(status -> status.asString()))
                    .containsExactlyInAnyOrder(expected));
  }

  private static Program service(String module, Map<String, String> settings, int port) {
    var own = new HashMap<>(settings);
    own.put("SKREAVER_PORT", Integer.toString(port));
    return Program.service(module, own);
  }

  /**
   * Below those that a system gives to outgoing connections: nobody is given it before the program
   * that it is meant for has started.
   */
  private static int freePort() {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(10_000, 30_000);
      if (!GIVEN.add(port)) {
        continue;
      }
      try (var free = new ServerSocket(port, 1, InetAddress.ofLiteral("127.0.0.1"))) {
        return free.getLocalPort();
      } catch (IOException taken) {
        // Another one, then.
      }
    }
  }
}
