package dev.skreaver.gateway.websocket;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.json.WireJson;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A client of the WebSocket that keeps what it hears. */
final class SocketClient implements AutoCloseable, WebSocket.Listener {
  private static final int PATIENCE_SECONDS = 60;

  private final HttpClient http = HttpClient.newHttpClient();
  private final BlockingQueue<JsonNode> heard = new LinkedBlockingQueue<>();
  private final CompletableFuture<Integer> closed = new CompletableFuture<>();
  private final StringBuilder partial = new StringBuilder();
  private final boolean reading;
  private @Nullable WebSocket socket;

  private SocketClient(boolean reading) {
    this.reading = reading;
  }

  static SocketClient to(int port, String query, @Nullable String bearer) {
    return new SocketClient(true).open(port, query, bearer);
  }

  /** A client that takes nothing from its socket until {@link #read}. */
  static SocketClient deaf(int port, String query) {
    return new SocketClient(false).open(port, query, null);
  }

  private SocketClient open(int port, String query, @Nullable String bearer) {
    var builder = http.newWebSocketBuilder();
    if (bearer != null) {
      builder.header("Authorization", "Bearer " + bearer);
    }
    socket = builder.buildAsync(URI.create("ws://localhost:" + port + "/ws" + query), this).join();
    return this;
  }

  WebSocket socket() {
    assertThat(socket).isNotNull();
    return socket;
  }

  SocketClient say(String json) {
    socket().sendText(json.replace('\'', '"'), true).join();
    return this;
  }

  void read(long messages) {
    socket().request(messages);
  }

  /** The next message. */
  JsonNode next() {
    try {
      JsonNode message = heard.poll(PATIENCE_SECONDS, SECONDS);
      assertThat(message).as("a message within %d s", PATIENCE_SECONDS).isNotNull();
      return message;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The next message that fits; those before it are dropped. */
  JsonNode next(Predicate<JsonNode> fits) {
    var dropped = new ArrayList<JsonNode>();
    Instant giveUp = Instant.now().plusSeconds(PATIENCE_SECONDS);
    JsonNode message = next();
    while (!fits.test(message)) {
      // Pings alone would keep this waiting for ever.
      assertThat(Instant.now()).as("a message after %s", dropped).isBefore(giveUp);
      dropped.add(message);
      message = next();
    }
    return message;
  }

  JsonNode next(String type) {
    return next(message -> message.path("type").asString().equals(type));
  }

  /** The positions of the next events on a channel. */
  List<Long> positions(String channel, int count) {
    var positions = new ArrayList<Long>();
    while (positions.size() < count) {
      JsonNode event = next("event");
      if (event.path("channel").asString().equals(channel)) {
        positions.add(event.path("position").longValue());
      }
    }
    return positions;
  }

  /** The code that the server closed with. */
  int closed() {
    return closed.orTimeout(PATIENCE_SECONDS, SECONDS).join();
  }

  boolean isOpen() {
    return !closed.isDone();
  }

  @Override
  public void onOpen(WebSocket opened) {
    if (reading) {
      opened.request(1);
    }
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    partial.append(data);
    if (last) {
      heard.add(WireJson.mapper().readTree(partial.toString()));
      partial.setLength(0);
    }
    if (reading) {
      from.request(1);
    }
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onPing(WebSocket from, ByteBuffer message) {
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onPong(WebSocket from, ByteBuffer message) {
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int statusCode, String reason) {
    closed.complete(statusCode);
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    closed.completeExceptionally(error);
  }

  @Override
  public void close() {
    socket().abort();
    http.shutdownNow();
  }
}
