package dev.skreaver.gateway.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.json.WireJson;
import dev.skreaver.gateway.websocket.EventLog;
import dev.skreaver.gateway.websocket.TestGateway;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Streams that break off, and go on where they were. */
class ResumeTest {
  private static final int MOST_EVENTS = 5_000;
  private static final Map<String, ?> SMALL = Map.of();
  private static final Map<String, ?> LARGE = Map.of("text", "x".repeat(32 * 1024));

  private final HttpClient http = HttpClient.newHttpClient();
  private final EventLog events = new EventLog();

  @AfterEach
  void stop() {
    http.shutdownNow();
  }

  private Reading read(TestGateway gateway, String lastEventId) {
    return Reading.of(
        http,
        HttpRequest.newBuilder(
                URI.create("http://localhost:" + gateway.port() + "/agents/resumed/stream"))
            .timeout(Duration.ofSeconds(60))
            .header("Authorization", "Bearer " + TestGateway.token("acme", "agent:read"))
            .header("Last-Event-ID", lastEventId)
            .build());
  }

  private void record(int count) {
    for (int i = 0; i < count; i++) {
      events.record("acme", "resumed", "agent.updated", SMALL);
    }
  }

  private static JsonNode data(Map<String, String> block) {
    return WireJson.mapper().readTree(block.get("data"));
  }

  private static double streams(TestGateway gateway) {
    return gateway.meters().get("skreaver.stream.live").gauge().value();
  }

  @Test
  void a_position_that_is_no_longer_kept_is_answered_with_a_gap_that_names_the_earliest() {
    record(20);
    try (var gateway = new TestGateway(events, "SKREAVER_STREAM_RETENTION_EVENTS", "10");
        var reading = read(gateway, "1")) {
      Map<String, String> gap = reading.nextEvent();

      assertThat(gap).containsEntry("event", "gap");
      assertThat(data(gap).path("requested").longValue()).isEqualTo(1);
      long earliest = data(gap).path("earliest").longValue();
      assertThat(earliest).isEqualTo(events.head() - 10 + 1);
      List<Long> kept = events.positions("acme", earliest - 1);
      assertThat(reading.positions(kept.size())).isEqualTo(kept);
    }
  }

  @Test
  void a_restart_of_the_gateway_leaves_no_gap_and_no_repeat() {
    var heard = new ArrayList<Long>();
    record(700);
    try (var gateway = new TestGateway(events);
        var reading = read(gateway, "0")) {
      record(5);
      heard.addAll(reading.positions(703));
    }
    record(600);
    try (var gateway = new TestGateway(events);
        var reading = read(gateway, String.valueOf(heard.getLast()))) {
      record(5);
      heard.addAll(reading.positions(events.positions("acme", heard.getLast()).size()));
    }
    assertThat(heard).isEqualTo(events.positions("acme", 0));
  }

  @Test
  void a_gateway_that_stops_ends_its_streams() {
    var gateway = new TestGateway(events);
    try (var reading = read(gateway, "0").caughtUp()) {
      gateway.close();

      assertThat(reading.nextEvent()).isEmpty();
    }
  }

  @Test
  void a_slow_reader_is_cut_with_its_position_and_misses_nothing_when_it_resumes_from_it() {
    try (var gateway = new TestGateway(events, "SKREAVER_STREAM_BUFFER_EVENTS", "10");
        var slow = read(gateway, "0").caughtUp();
        var quick = read(gateway, "0").caughtUp()) {
      var quickly = new ArrayList<Long>();
      while (streams(gateway) == 2) {
        events.record("acme", "resumed", "agent.updated", LARGE);
        quickly.addAll(quick.positions(1));
        assertThat(quickly).as("what a slow reader was left to miss").hasSizeLessThan(MOST_EVENTS);
      }
      assertThat(quickly).isEqualTo(events.positions("acme", 0));

      var slowly = new ArrayList<Long>();
      Map<String, String> block = slow.nextEvent();
      while (block.containsKey("id")) {
        slowly.add(Long.valueOf(block.get("id")));
        block = slow.nextEvent();
      }
      assertThat(block).containsEntry("event", "error");
      assertThat(data(block).path("error").asString()).isEqualTo("slow_consumer");
      long told = data(block).path("last_position").longValue();
      assertThat(slowly).endsWith(told);
      assertThat(slow.nextEvent()).as("what follows the error").isEmpty();

      try (var again = read(gateway, String.valueOf(told))) {
        record(3);
        slowly.addAll(again.positions(events.positions("acme", told).size()));
      }
      assertThat(slowly).isEqualTo(events.positions("acme", 0));
    }
  }
}
