package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.json.WireJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of one gateway. */
final class Edge implements AutoCloseable {
  private static final JsonMapper JSON = WireJson.mapper();
  private static final int PATIENCE_SECONDS = 600;

  private final HttpClient http = HttpClient.newHttpClient();
  private final URI address;
  private final String token;

  Edge(URI address, String token) {
    this.address = address;
    this.token = token;
  }

  /**
   * @param position of the command's event; 0 if the answer has none
   */
  record Answer(int status, JsonNode body, long position) {}

  Answer get(String path) throws IOException, InterruptedException {
    return send(request(path).GET());
  }

  /**
   * Waits, as a client can, until the read model has reached the position. The server waits two
   * seconds and then says to try again, which a busy machine may need.
   */
  Answer getNotBefore(String path, long position) throws IOException, InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (true) {
      Answer answer =
          send(request(path).header("Skreaver-Position", Long.toString(position)).GET());
      boolean notYet = answer.body().path("error").asString("").equals("position_not_reached");
      if (!notYet || System.nanoTime() - limit >= 0) {
        return answer;
      }
    }
  }

  Answer post(String path, Map<String, ?> body) throws IOException, InterruptedException {
    return send(request(path).POST(BodyPublishers.ofString(JSON.writeValueAsString(body))));
  }

  Answer create(String agentId) throws IOException, InterruptedException {
    return post(
        "/agents",
        Map.of("agent_id", agentId, "spec", Map.of("agent_type", "echo", "name", agentId)));
  }

  Answer pause(String agentId) throws IOException, InterruptedException {
    return post("/agents/" + agentId + "/pause", Map.of("reason", "test"));
  }

  /**
   * The positions of every event of the tenant up to this one at least, as the audit trail has
   * them.
   */
  List<Long> positions(long atLeast) throws IOException, InterruptedException {
    var positions = new ArrayList<Long>();
    String after = "0";
    while (true) {
      Answer page = getNotBefore("/events?limit=1000&after=" + after, atLeast);
      assertThat(page.status()).as("%s", page).isEqualTo(200);
      page.body()
          .path("events")
          .forEach(event -> positions.add(event.path("position").longValue()));
      if (!page.body().has("next")) {
        return positions;
      }
      after = page.body().path("next").asString();
    }
  }

  /** Waits until the gateway and all behind it can work. */
  void awaitReady(Program program) throws InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (true) {
      boolean alive = program.handle().isAlive();
      assertThat(alive).as("alive; it said: %s", program.saidSoFar()).isTrue();
      try {
        Answer answer = get("/ready");
        if (answer.status() == 200) {
          return;
        }
        assertThat(System.nanoTime()).as("ready in time: %s", answer).isLessThan(limit);
      } catch (IOException notListening) {
        assertThat(System.nanoTime()).as("listening in time").isLessThan(limit);
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  Listener listen(long after) {
    return new Listener(http, address, token, after);
  }

  /** Every event of the tenant after a position, as a stream. */
  EventSource stream(long after) {
    return new EventSource(
        http,
        request("/events/stream?after=" + after).header("Accept", "text/event-stream").build());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(address.resolve(path))
        .timeout(Duration.ofSeconds(60))
        .header("Authorization", "Bearer " + token)
        .header("Content-Type", "application/json");
  }

  private Answer send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<String> response = http.send(request.build(), BodyHandlers.ofString());
    return new Answer(
        response.statusCode(),
        response.body().isBlank() ? JSON.nullNode() : JSON.readTree(response.body()),
        response.headers().firstValueAsLong("Skreaver-Position").orElse(0));
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
