package dev.skreaver.gateway.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.json.WireJson;
import dev.skreaver.gateway.websocket.TestGateway;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** An agent's past over a real connection. */
class ReplayTest {
  private static final String SPEC =
      """
      {"agent_type":"echo","name":"Greeter","labels":{},"config":{},"limits":{"max_memory_mb":16,
       "max_observation_size_kb":64,"max_concurrent_tools":1,"execution_timeout_secs":10}}
      """;

  private static TestGateway gateway;
  private static HttpClient http;
  private final String token = TestGateway.token("acme", "agent:read");

  @BeforeAll
  static void start() {
    gateway = new TestGateway();
    http = HttpClient.newHttpClient();
  }

  @AfterAll
  static void stop() {
    http.shutdownNow();
    gateway.close();
  }

  @Test
  void every_event_comes_with_the_agent_after_it_and_then_the_stream_ends() {
    List<Long> life = life("replay-1");
    try (Reading reading = replay("replay-1", "speed=max")) {
      for (int i = 0; i < 3; i++) {
        Map<String, String> block = reading.nextEvent();
        assertThat(block).containsEntry("id", String.valueOf(life.get(i)));
        assertThat(block)
            .containsEntry(
                "event", List.of("agent.created", "agent.started", "agent.paused").get(i));
        JsonNode data = WireJson.mapper().readTree(block.get("data"));
        assertThat(data.at("/event/position").asLong()).isEqualTo(life.get(i));
        assertThat(data.at("/agent/status").asString())
            .isEqualTo(List.of("initializing", "ready", "paused").get(i));
      }
      Map<String, String> end = reading.nextEvent();
      assertThat(end).containsEntry("event", "end");
      assertThat(WireJson.mapper().readTree(end.get("data")).path("events").asInt()).isEqualTo(3);
      assertThat(reading.nextEvent()).isEmpty();
    }
  }

  @Test
  void a_part_of_the_past_is_shown_between_two_positions() {
    List<Long> life = life("replay-2");
    String part = "speed=0&from=%d&to=%d".formatted(life.get(0), life.get(1));
    try (Reading reading = replay("replay-2", part)) {
      assertThat(reading.nextEvent()).containsEntry("id", String.valueOf(life.get(1)));
      assertThat(reading.nextEvent()).containsEntry("event", "end");
    }
  }

  @Test
  void a_client_that_comes_back_goes_on_after_what_it_has_seen() {
    List<Long> life = life("replay-3");
    HttpRequest again =
        request("replay-3", "speed=max")
            .header("Last-Event-ID", String.valueOf(life.get(1)))
            .build();
    try (Reading reading = Reading.of(http, again)) {
      assertThat(reading.nextEvent()).containsEntry("id", String.valueOf(life.get(2)));
    }
  }

  @Test
  void a_past_of_many_pages_is_shown_whole_and_in_order() {
    var life = new ArrayList<>(life("replay-4"));
    for (int i = 0; i < 1200; i++) {
      life.add(record("replay-4", "agent.started", "{\"agent_id\":\"replay-4\"}"));
    }
    try (Reading reading = replay("replay-4", "speed=max")) {
      assertThat(reading.positions(life.size())).isEqualTo(life);
      assertThat(reading.nextEvent()).containsEntry("event", "end");
    }
  }

  @Test
  void a_replay_ends_with_an_error_when_its_token_expires() {
    life("replay-5");
    for (int i = 0; i < 10; i++) {
      record("replay-5", "agent.started", "{\"agent_id\":\"replay-5\"}");
    }
    String brief = TestGateway.token("acme", "bob", Duration.ofSeconds(5), "agent:read");
    HttpRequest slow =
        request("replay-5", "speed=0.001").setHeader("Authorization", "Bearer " + brief).build();
    try (Reading reading = Reading.of(http, slow)) {
      Map<String, String> last = reading.nextEvent();
      while (!"error".equals(last.get("event"))) {
        assertThat(last).isNotEmpty().doesNotContainEntry("event", "end");
        last = reading.nextEvent();
      }
      assertThat(last.get("data")).contains("invalid_token", "last_position");
      assertThat(reading.nextEvent()).isEmpty();
    }
  }

  @Test
  void what_is_erased_in_the_middle_of_a_slow_replay_is_not_shown_any_more() {
    var life = new ArrayList<>(life("replay-8"));
    for (int i = 0; i < 10; i++) {
      life.add(record("replay-8", "agent.resumed", "{\"agent_id\":\"replay-8\"}"));
      life.add(
          record("replay-8", "agent.paused", "{\"agent_id\":\"replay-8\",\"reason\":\"lunch\"}"));
    }
    var shown = new ArrayList<Map<String, String>>();
    try (Reading reading = replay("replay-8", "speed=0.01")) {
      shown.add(reading.nextEvent());

      gateway.events().erase("acme", "ada");
      gateway.events().erase("acme", "lunch");

      while (!"end".equals(shown.getLast().get("event"))) {
        shown.add(reading.nextEvent());
      }
    }
    Map<String, String> end = shown.removeLast();
    assertThat(WireJson.mapper().readTree(end.get("data")).path("events").asInt())
        .isEqualTo(life.size());
    assertThat(shown).extracting(frame -> Long.valueOf(frame.get("id"))).isEqualTo(life);
    assertThat(shown.getFirst().get("data")).contains("ada");
    assertThat(shown.subList(life.size() - 2, life.size()))
        .extracting(frame -> frame.get("data"))
        .allMatch(data -> data.contains("[erased]"))
        .noneMatch(data -> data.contains("ada") || data.contains("lunch"));
  }

  @Test
  void an_agent_without_a_past_and_another_tenants_are_not_found() {
    gateway.events().record("rival", "replay-6", "agent.created", Map.of());
    assertThat(refusal("replay-6", "speed=max", 404)).contains("agent_not_found");
    assertThat(refusal("nobody", "speed=max", 404)).contains("agent_not_found");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "speed=fast",
        "speed=-1",
        "speed=",
        "from=yesterday",
        "to=yesterday",
        "from=999999999",
        "to=999999999",
        "from=2&to=1",
        "until=5",
        "speed=1&speed=2",
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"
      })
  void what_cannot_be_shown_is_a_problem_before_the_stream(String query) {
    life("replay-7");
    assertThat(refusal("replay-7", query, 400)).contains("\"error\":");
  }

  private static List<Long> life(String agent) {
    return List.of(
        record(
            agent,
            "agent.created",
            "{\"agent_id\":\"%s\",\"owner\":\"ada\",\"spec\":%s}".formatted(agent, SPEC)),
        record(agent, "agent.started", "{\"agent_id\":\"%s\"}".formatted(agent)),
        record(
            agent, "agent.paused", "{\"agent_id\":\"%s\",\"reason\":\"lunch\"}".formatted(agent)));
  }

  private static long record(String agent, String type, String data) {
    return gateway.events().record("acme", agent, type, json(data));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> json(String text) {
    return Objects.requireNonNull(WireJson.mapper().readValue(text, Map.class));
  }

  private HttpRequest.Builder request(String agent, String query) {
    return HttpRequest.newBuilder(
            URI.create(
                "http://localhost:%d/agents/%s/replay/stream?%s"
                    .formatted(gateway.port(), agent, query)))
        .timeout(Duration.ofSeconds(60))
        .header("Authorization", "Bearer " + token);
  }

  private Reading replay(String agent, String query) {
    return Reading.of(http, request(agent, query).build());
  }

  private String refusal(String agent, String query, int status) {
    try {
      HttpResponse<String> answer =
          http.send(request(agent, query).build(), HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
      return answer.body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
