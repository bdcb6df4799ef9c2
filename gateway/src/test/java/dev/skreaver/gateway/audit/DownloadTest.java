package dev.skreaver.gateway.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.gateway.websocket.TestGateway;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Sinks;

/** The audit trail as a download, and erasures that pass meanwhile. */
class DownloadTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int PAGE = 1000;

  private TestGateway gateway;
  private HttpClient http;

  @BeforeEach
  void start() {
    gateway = new TestGateway();
    http = HttpClient.newHttpClient();
  }

  @AfterEach
  void stop() {
    http.shutdownNow();
    gateway.close();
  }

  @Test
  void what_a_slow_download_has_before_it_is_read_again_after_an_erasure() throws Exception {
    // More than the network between the two can hold.
    record(PAGE, Map.of("reason", "private", "filler", "x".repeat(32 * 1024)));
    InputStream slow = http.send(request(), BodyHandlers.ofInputStream()).body();
    try (var lines = new BufferedReader(new InputStreamReader(slow, StandardCharsets.UTF_8))) {
      RecordedEvent first = event(lines.readLine());
      erase();

      List<RecordedEvent> rest = lines.lines().map(DownloadTest::event).toList();

      assertThat(reason(first)).isEqualTo("private");
      assertThat(reason(rest.get(PAGE - 2))).isEqualTo("[erased]");
      assertThat(rest)
          .extracting(RecordedEvent::position)
          .isEqualTo(gateway.events().positions("acme", first.position()));
    }
  }

  @Test
  void what_is_erased_while_the_first_page_is_on_its_way_is_not_shown() {
    record(3, Map.of("reason", "private"));
    var asked = Sinks.<Void>empty();
    var arrived = Sinks.<Void>empty();
    gateway.events().deliverAfter(arrived.asMono().doOnSubscribe(_ -> asked.tryEmitEmpty()));
    var download = http.sendAsync(request(), BodyHandlers.ofString());
    asked.asMono().block(LIMIT);

    erase();
    arrived.tryEmitEmpty();

    assertThat(download.join().body().lines())
        .hasSize(4)
        .first()
        .extracting(line -> reason(event(line)))
        .isEqualTo("[erased]");
  }

  private void record(int count, Map<String, ?> data) {
    for (int i = 0; i < count; i++) {
      gateway.events().record("acme", "a", "agent.paused", data);
    }
  }

  /** Returns when the gateway knows. */
  private void erase() {
    gateway.events().erase("acme", "private");
    gateway.awaitDispatched();
  }

  private HttpRequest request() {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + gateway.port() + "/events"))
        .timeout(LIMIT)
        .header("Accept", "application/x-ndjson")
        .header("Authorization", "Bearer " + TestGateway.token("acme", "event:read"))
        .build();
  }

  private static RecordedEvent event(String line) {
    return WireJson.mapper().readValue(line, RecordedEvent.class);
  }

  private static String reason(RecordedEvent event) {
    return event.data().path("reason").asString();
  }
}
