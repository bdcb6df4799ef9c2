package dev.skreaver.gateway.service;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.platform.web.Problem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Instant;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** A process that takes commands as a command service would, on a port that it keeps. */
final class CommandStandIn implements AutoCloseable {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private final InetSocketAddress address;
  private final Queue<String> received = new ConcurrentLinkedQueue<>();
  private volatile boolean ready = true;
  private volatile boolean breaksOff;
  private volatile @Nullable ErrorCode refusal;
  private volatile @Nullable String answer;
  private @Nullable HttpServer server;

  private CommandStandIn(InetSocketAddress address) {
    this.address = address;
  }

  static CommandStandIn onFreePort() {
    HttpServer server = listening(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    var standIn =
        new CommandStandIn(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getAddress().getPort()));
    standIn.serve(server);
    return standIn;
  }

  private static HttpServer listening(InetSocketAddress address) {
    try {
      return HttpServer.create(address, 10);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void serve(HttpServer listening) {
    listening.createContext("/ready", this::answerReady);
    listening.createContext("/internal/agents/commands", this::carryOut);
    listening.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    listening.start();
    server = listening;
  }

  void start() {
    serve(listening(address));
  }

  void stop() {
    if (server != null) {
      server.stop(0);
      server = null;
    }
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + address.getPort());
  }

  void ready(boolean now) {
    ready = now;
  }

  /** From now on it takes commands and dies of them. */
  void breakOff() {
    breaksOff = true;
  }

  void refuse(ErrorCode code) {
    refusal = code;
  }

  void answer(String json) {
    answer = json;
  }

  /** How many commands it took. */
  int received() {
    return received.size();
  }

  /** Whose commands it took. */
  Set<String> agents() {
    return new TreeSet<>(received);
  }

  private void answerReady(HttpExchange exchange) throws IOException {
    answer(
        exchange,
        ready ? 200 : 503,
        ready
            ? "{\"status\":\"Healthy\",\"components\":{}}"
            : "{\"status\":{\"Unhealthy\":{\"reason\":\"starting\"}},\"components\":{}}");
  }

  private void carryOut(HttpExchange exchange) throws IOException {
    var request =
        WireJson.mapper()
            .readValue(exchange.getRequestBody().readAllBytes(), AgentCommands.Request.class);
    var agent = request.command().agent().id();
    received.add(agent.value());
    ErrorCode code = refusal;
    String given = answer;
    if (breaksOff) {
      exchange.close();
    } else if (given != null) {
      answer(exchange, 200, given);
    } else if (code != null) {
      answer(
          exchange,
          code.status(),
          WireJson.mapper()
              .writeValueAsString(Problem.of(new Refusal(code, "no"), "/", "r", NOON)));
    } else {
      var type = AgentType.BuiltIn.ECHO;
      var view =
          new AgentView(
              agent,
              type,
              AgentStatus.PAUSED,
              "lunch",
              NOON,
              null,
              Map.of(),
              Map.of(),
              AgentLimits.defaultsFor(type),
              "ada",
              NOON,
              NOON,
              2,
              false);
      answer(
          exchange,
          200,
          WireJson.mapper().writeValueAsString(new AgentCommands.Receipt(view, 7, false, null)));
    }
  }

  private static void answer(HttpExchange exchange, int status, String json) throws IOException {
    byte[] body = json.getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    // Else a command could meet the end of a connection that was kept, and be of unknown outcome.
    exchange.getResponseHeaders().set("Connection", "close");
    exchange.sendResponseHeaders(status, body.length);
    try (var out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  @Override
  public void close() {
    stop();
  }
}
