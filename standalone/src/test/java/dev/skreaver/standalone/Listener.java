package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.json.WireJson;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A WebSocket client of the channel {@code agents}, which keeps the positions that it hears of. */
final class Listener implements AutoCloseable, WebSocket.Listener {
  private static final int PATIENCE_SECONDS = 120;

  private final StringBuilder partial = new StringBuilder();
  private final List<Long> positions = new ArrayList<>();
  private final List<String> gaps = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private final WebSocket socket;
  private boolean over;

  Listener(HttpClient http, URI address, String token, long after) {
    URI ws = URI.create("ws://" + address.getAuthority() + "/ws");
    CompletableFuture<WebSocket> opening =
        http.newWebSocketBuilder().header("Authorization", "Bearer " + token).buildAsync(ws, this);
    socket = opening.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    socket
        .sendText(
            "{\"type\":\"subscribe\",\"channels\":[\"agents\"],\"position\":%d}".formatted(after),
            true)
        .join();
  }

  @Override
  public synchronized @Nullable CompletionStage<?> onText(
      WebSocket from, CharSequence data, boolean last) {
    partial.append(data);
    if (last) {
      hear(WireJson.mapper().readTree(partial.toString()));
      partial.setLength(0);
    }
    from.request(1);
    return null;
  }

  private void hear(JsonNode message) {
    switch (message.path("type").asString()) {
      case "event" -> {
        if (message.has("position")) {
          positions.add(message.path("position").longValue());
          notifyAll();
        }
      }
      case "gap" -> gaps.add(message.toString());
      case "error" -> problems.add(message.toString());
      default -> {}
    }
  }

  @Override
  public synchronized @Nullable CompletionStage<?> onClose(
      WebSocket from, int statusCode, String reason) {
    over = true;
    notifyAll();
    return null;
  }

  @Override
  public synchronized void onError(WebSocket from, Throwable error) {
    over = true;
    notifyAll();
  }

  /** What it has heard so far, in the order of arrival. */
  synchronized List<Long> positions() {
    return List.copyOf(positions);
  }

  /** What it was told that it cannot have. */
  synchronized List<String> gaps() {
    return List.copyOf(gaps);
  }

  private synchronized List<String> problems() {
    return List.copyOf(problems);
  }

  synchronized boolean isOver() {
    return over;
  }

  /** The last position, to resume after; what it started after if there was none. */
  synchronized long last(long otherwise) {
    return positions.isEmpty() ? otherwise : positions.getLast();
  }

  /** Waits until it has heard of the position, or of a later one. */
  void await(long position) throws InterruptedException {
    awaitUnlessOver(position);
    assertThat(isOver()).as("closed before %d; %s %s", position, last(-1), problems()).isFalse();
  }

  synchronized void awaitUnlessOver(long position) throws InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (last(-1) < position && !over) {
      assertThat(System.nanoTime())
          .as("heard of %d in time; last %s; %s", position, last(-1), problems)
          .isLessThan(limit);
      TimeUnit.MILLISECONDS.timedWait(this, 100);
    }
  }

  @Override
  public void close() {
    socket.abort();
  }
}
