package dev.skreaver.gateway.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.gateway.websocket.TestGateway;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Server-sent events over a real connection. */
class StreamsEndpointTest {
  private static TestGateway gateway;
  private static HttpClient http;
  private final String token = TestGateway.token("acme", "agent:read", "event:read");

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

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + gateway.port() + path))
        .timeout(Duration.ofSeconds(60))
        .header("Authorization", "Bearer " + token);
  }

  private static HttpResponse<InputStream> send(HttpRequest request) {
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String refusal(HttpRequest request, int status) {
    HttpResponse<InputStream> answer = send(request);
    assertThat(answer.statusCode()).isEqualTo(status);
    try (InputStream body = answer.body()) {
      return new String(body.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void an_event_has_its_position_as_id_and_its_type_as_name() {
    try (Reading reading = Reading.of(http, request("/agents/sse-1/stream").build())) {
      reading.next();
      long position =
          gateway.events().record("acme", "sse-1", "agent.paused", Map.of("reason", "lunch"));

      Map<String, String> event = reading.nextEvent();

      assertThat(event).containsEntry("id", String.valueOf(position));
      assertThat(event).containsEntry("event", "agent.paused");
      assertThat(event.get("data")).contains("\"agent_id\":\"sse-1\"", "\"reason\":\"lunch\"");
    }
  }

  @Test
  void a_stream_resumes_after_the_last_event_id_and_goes_on_live() {
    long first = gateway.events().record("acme", "sse-2", "agent.created", Map.of());
    long second = gateway.events().record("acme", "sse-2", "agent.started", Map.of());
    HttpRequest resume =
        request("/events/stream?after=0").header("Last-Event-ID", String.valueOf(first)).build();
    try (Reading reading = Reading.of(http, resume)) {
      assertThat(reading.nextEvent()).containsEntry("id", String.valueOf(second));
      long third = gateway.events().record("acme", "sse-2", "agent.paused", Map.of());
      assertThat(reading.nextEvent()).containsEntry("id", String.valueOf(third));
    }
  }

  @Test
  void another_tenants_events_never_arrive() {
    long start = gateway.events().record("acme", "sse-3", "agent.created", Map.of());
    gateway.events().record("rival", "sse-3", "agent.created", Map.of());
    long own = gateway.events().record("acme", "sse-3", "agent.started", Map.of());
    try (Reading reading = Reading.of(http, request("/events/stream?after=" + start).build())) {
      assertThat(reading.nextEvent()).containsEntry("id", String.valueOf(own));
    }
  }

  @Test
  void a_stream_ends_with_an_error_when_its_token_expires() {
    String brief = TestGateway.token("acme", "bob", Duration.ofSeconds(5), "event:read");
    HttpRequest request =
        request("/events/stream").setHeader("Authorization", "Bearer " + brief).build();
    try (Reading reading = Reading.of(http, request)) {
      Map<String, String> last = reading.nextEvent();
      assertThat(last).containsEntry("event", "error");
      assertThat(last.get("data")).contains("invalid_token", "last_position");
      assertThat(reading.nextEvent()).isEmpty();
    }
  }

  @Test
  void a_position_that_is_no_position_is_a_problem_before_the_stream() {
    assertThat(refusal(request("/events/stream").header("Last-Event-ID", "x").build(), 400))
        .contains("Last-Event-ID");
    assertThat(refusal(request("/events/stream?after=-1").build(), 400)).contains("after");
    assertThat(refusal(request("/events/stream?after=999999999").build(), 400))
        .contains("last position");
    assertThat(refusal(request("/events/stream?until=5").build(), 400)).contains("until");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/events/stream", "/agents/sse-4/stream", "/agents/sse-4/replay/stream"})
  void a_last_event_id_that_was_never_told_is_refused_by_its_name(String path) {
    gateway.events().record("acme", "sse-4", "agent.created", Map.of());
    HttpRequest ahead = request(path).header("Last-Event-ID", "999999999").build();

    assertThat(refusal(ahead, 400)).contains("\"field\":\"Last-Event-ID\"", "has not been reached");
  }

  @Test
  void a_client_that_takes_no_event_stream_is_refused() {
    assertThat(refusal(request("/events/stream").header("Accept", "image/png").build(), 406))
        .contains("not_acceptable");
  }

  @Test
  void the_tenants_stream_needs_the_permission_to_read_events() {
    String reader = TestGateway.token("acme", "agent:read");
    HttpRequest request =
        request("/events/stream").setHeader("Authorization", "Bearer " + reader).build();
    assertThat(refusal(request, 403)).contains("event:read");
  }

  @Test
  void a_head_request_ends() {
    HttpRequest head =
        request("/events/stream").method("HEAD", HttpRequest.BodyPublishers.noBody()).build();
    assertThat(send(head).statusCode()).isEqualTo(200);
  }
}
