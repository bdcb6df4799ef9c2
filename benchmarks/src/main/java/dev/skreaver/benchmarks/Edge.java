package dev.skreaver.benchmarks;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.util.UUID;

/** The gateway as a client with a token sees it: HTTP/1.1, JSON, WebSocket. */
final class Edge implements AutoCloseable {
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI address;
  private final String token;

  Edge(URI address, String token) {
    this.address = address;
    this.token = token;
  }

  String create() throws IOException, InterruptedException {
    String agent = "bench-" + UUID.randomUUID();
    post(
        "/agents",
        "{\"agent_id\":\"%s\",\"spec\":{\"agent_type\":\"echo\"}}".formatted(agent),
        201);
    return agent;
  }

  Load.Caller pausingAndResuming() throws IOException, InterruptedException {
    String agent = create();
    var paused = new boolean[1];
    return () -> {
      if (paused[0]) {
        post("/agents/" + agent + "/resume", "", 200);
      } else {
        post("/agents/" + agent + "/pause", "{\"reason\":\"benchmark\"}", 200);
      }
      paused[0] = !paused[0];
    };
  }

  Load.Caller reading() throws IOException, InterruptedException {
    String agent = create();
    HttpRequest request = request("/agents/" + agent).GET().build();
    return () -> answer(request, 200);
  }

  WebSocket open(WebSocket.Listener listener) {
    return client
        .newWebSocketBuilder()
        .header("Authorization", "Bearer " + token)
        .buildAsync(
            URI.create("ws" + address.toString().substring("http".length()) + "/ws"), listener)
        .join();
  }

  private void post(String path, String body, int status) throws IOException, InterruptedException {
    HttpRequest.Builder request = request(path);
    if (body.isEmpty()) {
      request.POST(HttpRequest.BodyPublishers.noBody());
    } else {
      request
          .header("Content-Type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString(body));
    }
    answer(request.build(), status);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(address.resolve(path)).header("Authorization", "Bearer " + token);
  }

  private void answer(HttpRequest request, int status) throws IOException, InterruptedException {
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != status) {
      throw new IllegalStateException(
          "%s %s answered %d: %s"
              .formatted(request.method(), request.uri(), response.statusCode(), response.body()));
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
