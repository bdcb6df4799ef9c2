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
  private static final String POSITION = "Skreaver-Position";

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI address;
  private final String token;

  Edge(URI address, String token) {
    this.address = address;
    this.token = token;
  }

  private record Created(String agent, String position) {}

  private Created create() throws IOException, InterruptedException {
    String agent = "bench-" + UUID.randomUUID();
    HttpResponse<String> answer =
        post(
            "/agents",
            "{\"agent_id\":\"%s\",\"spec\":{\"agent_type\":\"echo\"}}".formatted(agent),
            201);
    return new Created(agent, answer.headers().firstValue(POSITION).orElseThrow());
  }

  Load.Caller pausingAndResuming() throws IOException, InterruptedException {
    String agent = create().agent();
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

  /** The least that a caller with a token can ask: who it is. */
  Load.Caller asking() {
    HttpRequest request = request("/auth/me").GET().build();
    return () -> answer(request, 200);
  }

  Load.Caller reading() throws IOException, InterruptedException {
    Created created = create();
    String path = "/agents/" + created.agent();
    answer(request(path).header(POSITION, created.position()).GET().build(), 200);
    HttpRequest request = request(path).GET().build();
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

  private HttpResponse<String> post(String path, String body, int status)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = request(path);
    if (body.isEmpty()) {
      request.POST(HttpRequest.BodyPublishers.noBody());
    } else {
      request
          .header("Content-Type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofString(body));
    }
    return answer(request.build(), status);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(address.resolve(path)).header("Authorization", "Bearer " + token);
  }

  private HttpResponse<String> answer(HttpRequest request, int status)
      throws IOException, InterruptedException {
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != status) {
      throw new IllegalStateException(
          "%s %s answered %d: %s"
              .formatted(request.method(), request.uri(), response.statusCode(), response.body()));
    }
    return response;
  }

  @Override
  public void close() {
    client.close();
  }
}
