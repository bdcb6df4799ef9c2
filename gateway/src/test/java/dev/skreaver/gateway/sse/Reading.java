package dev.skreaver.gateway.sse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One open stream of server-sent events; what is not asked for is not read. */
record Reading(BufferedReader lines) implements AutoCloseable {
  static Reading of(HttpClient http, HttpRequest request) {
    try {
      HttpResponse<InputStream> answer =
          http.send(request, HttpResponse.BodyHandlers.ofInputStream());
      assertThat(answer.statusCode()).isEqualTo(200);
      return new Reading(
          new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The fields of the next block; empty at the end of the stream. */
  Map<String, String> next() {
    try {
      var fields = new HashMap<String, String>();
      String line = lines.readLine();
      while (line != null && !line.isEmpty()) {
        int colon = line.indexOf(':');
        fields.put(
            colon == 0 ? "comment" : line.substring(0, colon), line.substring(colon + 1).strip());
        line = lines.readLine();
      }
      return fields;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Map<String, String> nextEvent() {
    Map<String, String> block = next();
    while (!block.isEmpty() && !block.containsKey("event")) {
      block = next();
    }
    return block;
  }

  /** Reads to where history ends. */
  Reading caughtUp() {
    Map<String, String> block = next();
    while (!"caught up".equals(block.get("comment"))) {
      assertThat(block).isNotEmpty();
      block = next();
    }
    return this;
  }

  /** The positions of the next events. */
  List<Long> positions(int count) {
    var positions = new ArrayList<Long>();
    while (positions.size() < count) {
      positions.add(Long.valueOf(nextEvent().get("id")));
    }
    return positions;
  }

  @Override
  public void close() {
    try {
      lines.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
