package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A client of one event stream (SSE), which keeps the positions that it hears of. */
final class EventSource implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 120;

  private final List<Long> positions = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private final CompletableFuture<HttpResponse<Stream<String>>> answer;
  private String id = "";
  private String event = "";
  private String data = "";

  EventSource(HttpClient http, HttpRequest request) {
    answer = http.sendAsync(request, BodyHandlers.ofLines());
    Thread.ofVirtual().name("event-source").start(this::read);
  }

  private void read() {
    try (Stream<String> lines = answer.join().body()) {
      lines.forEach(this::hear);
      fail("the stream ended");
    } catch (RuntimeException e) {
      fail(e.toString());
    }
  }

  private synchronized void fail(String problem) {
    problems.add(problem);
    notifyAll();
  }

  private synchronized void hear(String line) {
    int colon = line.indexOf(':');
    String value = line.substring(colon + 1).strip();
    switch (line.substring(0, Math.max(0, colon))) {
      case "id" -> id = value;
      case "event" -> event = value;
      case "data" -> data = value;
      default -> {
        if (line.isEmpty()) {
          tell();
        }
      }
    }
  }

  private void tell() {
    if (!data.isEmpty()) {
      if (event.equals("gap") || event.equals("error")) {
        problems.add(data);
      } else {
        positions.add(Long.valueOf(id));
      }
      notifyAll();
    }
    event = "";
    data = "";
  }

  /** What it has heard so far, in the order of arrival. */
  synchronized List<Long> positions() {
    return List.copyOf(positions);
  }

  /** Waits until it has heard of the position, or of a later one. */
  synchronized void await(long position) throws InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (positions.isEmpty() || positions.getLast() < position) {
      assertThat(problems).isEmpty();
      assertThat(System.nanoTime()).as("heard of %d in time", position).isLessThan(limit);
      TimeUnit.MILLISECONDS.timedWait(this, 100);
    }
  }

  @Override
  public void close() {
    CompletableFuture<Void> _ = answer.thenAccept(response -> response.body().close());
  }
}
