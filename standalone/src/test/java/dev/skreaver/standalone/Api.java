package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.json.WireJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** A tenant of its own at the one running system of this JVM, with all its real parts. */
final class Api {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private final String token;
  private final Map<String, String> headers;
  private final boolean patient;

  private Api(String token, Map<String, String> headers, boolean patient) {
    this.token = token;
    this.headers = headers;
    this.patient = patient;
  }

  static Api ofNewTenant() {
    return new Api(Running.system().token(newTenant()), Map.of(), false);
  }

  static TenantId newTenant() {
    return new TenantId("t-" + UUID.randomUUID());
  }

  static Api of(TenantId tenant, TokenCommand.Role role) {
    return of(tenant, role, "alice");
  }

  static Api of(TenantId tenant, TokenCommand.Role role, String subject) {
    return new Api(Running.system().issuer().token(tenant, role, subject), Map.of(), false);
  }

  /** What all tenants are at. */
  static Standalone system() {
    return Running.system();
  }

  private static final class Running {
    private static final Standalone RUNNING = start();

    static Standalone system() {
      return RUNNING;
    }

    private static Standalone start() {
      var standalone = Standalone.ephemeral(InetAddress.getLoopbackAddress(), 0);
      Runtime.getRuntime().addShutdownHook(new Thread(standalone::close));
      standalone.start();
      return standalone;
    }
  }

  record Answer(HttpResponse<String> http) {
    int status() {
      return http.statusCode();
    }

    JsonNode json() {
      return WireJson.mapper().readTree(http.body());
    }

    JsonNode at(String pointer) {
      return json().at(pointer);
    }

    String text(String pointer) {
      return at(pointer).asString("");
    }

    String header(String name) {
      return http.headers().firstValue(name).orElse("");
    }

    long position() {
      return Long.parseLong(header("Skreaver-Position"));
    }

    private boolean isTooEarly() {
      return status() == ErrorCode.POSITION_NOT_REACHED.status()
          && text("/error").equals(ErrorCode.POSITION_NOT_REACHED.wireName());
    }

    Answer is(int status) {
      assertThat(status()).as(http.body()).isEqualTo(status);
      return this;
    }

    /** A refusal of this status and code. */
    Answer refused(int status, String code) {
      is(status);
      assertThat(text("/error")).as(http.body()).isEqualTo(code);
      assertThat(header("Content-Type")).isEqualTo("application/problem+json");
      return this;
    }
  }

  /** The same caller, saying one thing more with each request. */
  Api with(String header, Object value) {
    var more = new LinkedHashMap<>(headers);
    more.put(header, String.valueOf(value));
    return new Api(token, more, patient);
  }

  /** The same caller, who reads once this position can be read, however long that takes. */
  Api notBefore(long position) {
    return new Api(token, with("Skreaver-Position", position).headers, true);
  }

  Answer get(String path) {
    return patient
        ? await()
            .pollDelay(Duration.ZERO)
            .atMost(LIMIT)
            .until(() -> send("GET", path, ""), answer -> !answer.isTooEarly())
        : send("GET", path, "");
  }

  Answer post(String path, String body) {
    return send("POST", path, body);
  }

  Answer patch(String path, String body) {
    return send("PATCH", path, body);
  }

  Answer delete(String path) {
    return send("DELETE", path, "");
  }

  /** An agent of this id that is ready. */
  Answer create(String id) {
    return post("/agents", "{\"agent_id\":\"%s\",\"spec\":{\"agent_type\":\"echo\"}}".formatted(id))
        .is(201);
  }

  Answer pause(String id) {
    return post("/agents/" + id + "/pause", "{\"reason\":\"maintenance\"}");
  }

  Answer resume(String id) {
    return post("/agents/" + id + "/resume", "");
  }

  /** A stream, line by line; it ends when it is closed. */
  Stream<String> lines(String path) {
    try {
      return HTTP.send(request(path).build(), HttpResponse.BodyHandlers.ofLines()).body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private HttpRequest.Builder request(String path) {
    URI uri = URI.create(Running.system().address() + path);
    var request = HttpRequest.newBuilder(uri).header("Authorization", "Bearer " + token);
    headers.forEach(request::header);
    return request;
  }

  private Answer send(String verb, String path, String body) {
    HttpRequest.Builder request = request(path);
    if (!body.isEmpty() && !headers.containsKey("Content-Type")) {
      request.header("Content-Type", "application/json");
    }
    try {
      return new Answer(
          HTTP.send(
              request.method(verb, HttpRequest.BodyPublishers.ofString(body)).build(),
              HttpResponse.BodyHandlers.ofString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
