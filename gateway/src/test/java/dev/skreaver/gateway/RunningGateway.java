package dev.skreaver.gateway;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole gateway on a port of its own, asked over real sockets. */
public final class RunningGateway implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 60_000;

  private final HttpClient http = HttpClient.newHttpClient();
  private final ConfigurableApplicationContext context;

  /**
   * @param settings for example {@code SKREAVER_COMMAND_URL=http://localhost:1}
   */
  public RunningGateway(String... settings) {
    var arguments =
        new ArrayList<>(
            List.of(
                "--server.port=0",
                "--SKREAVER_JWT_SECRET=" + TestToken.SECRET,
                "--SKREAVER_MESH_ENABLED=false",
                "--SKREAVER_COMMAND_URL=http://localhost:1",
                "--SKREAVER_QUERY_URL=http://localhost:1"));
    for (String setting : settings) {
      arguments.removeIf(known -> known.startsWith("--" + setting.split("=", 2)[0] + "="));
      arguments.add("--" + setting);
    }
    context = GatewayApplication.application().run(arguments.toArray(String[]::new));
  }

  /** One that all tests that need no other settings share; it ends with the JVM. */
  public static RunningGateway shared() {
    return Shared.GATEWAY;
  }

  private static final class Shared {
    private static final RunningGateway GATEWAY = new RunningGateway();
  }

  public record Answer(HttpResponse<String> http) {
    public int status() {
      return http.statusCode();
    }

    public JsonNode json() {
      return JsonMapper.shared().readTree(http.body());
    }

    /** The code of a refusal. */
    public String error() {
      return json().path("error").asString("");
    }

    public String header(String name) {
      return http.headers().firstValue(name).orElse("");
    }
  }

  public int port() {
    return context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
  }

  public HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + port() + path));
  }

  public HttpRequest.Builder as(Object token, String path) {
    return request(path).header("Authorization", "Bearer " + token);
  }

  public Answer send(HttpRequest.Builder request) {
    try {
      return new Answer(http.send(request.build(), HttpResponse.BodyHandlers.ofString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  public Answer get(Object token, String path) {
    return send(as(token, path));
  }

  public Answer post(String path, byte[] body, String contentType) {
    return send(
        as(TestToken.good(), path)
            .header("Content-Type", contentType)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
  }

  public Answer post(String path, String json) {
    return post(path, json.getBytes(StandardCharsets.UTF_8), "application/json");
  }

  /** Sends bytes as they are and reads until the server closes the connection. */
  public String raw(String request) {
    try (var socket = new Socket("localhost", port())) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      var answer = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(answer);
      return answer.toString(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public <T> T bean(String name, Class<T> type) {
    return context.getBean(name, type);
  }

  @Override
  public void close() {
    context.close();
  }
}
