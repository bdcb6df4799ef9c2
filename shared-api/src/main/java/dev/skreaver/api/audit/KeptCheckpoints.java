package dev.skreaver.api.audit;

import dev.skreaver.api.json.WireJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The checkpoints in a file that was kept outside of the database: lines of an anchor, and answers
 * to {@code GET /audit/checkpoint}, in any layout that begins each at the left edge.
 */
final class KeptCheckpoints implements Iterator<CheckpointHead>, AutoCloseable {
  private final Path file;
  private final BufferedReader lines;
  private long number;
  private @Nullable CheckpointHead next;

  /**
   * @throws IOException if it cannot be read, or holds none
   */
  KeptCheckpoints(Path file) throws IOException {
    this.file = file;
    this.lines = AuditExport.reader(file);
    if (!hasNext()) {
      lines.close();
      throw new IOException(
          file
              + " holds no checkpoint: it must be an anchor, with a line of JSON for each, or what"
              + " GET /audit/checkpoint answered");
    }
  }

  @Override
  public boolean hasNext() {
    if (next == null) {
      next = read();
    }
    return next != null;
  }

  @Override
  public CheckpointHead next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    CheckpointHead head = next;
    next = null;
    return head;
  }

  private @Nullable CheckpointHead read() {
    var document = new StringBuilder();
    try {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (CheckpointHead.isLine(line)) {
          return ofAnchor(line);
        }
        // What a crash cut off is followed by something else.
        if (line.startsWith("{")) {
          document.setLength(0);
        }
        document.append(line).append('\n');
        CheckpointHead head = line.endsWith("}") ? handedOut(document.toString()) : null;
        if (head != null) {
          return head;
        }
      }
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  private CheckpointHead ofAnchor(String line) {
    try {
      return WireJson.mapper().readValue(line, CheckpointHead.class);
    } catch (JacksonException e) {
      throw new AuditExport.InvalidLine("line %d of %s is no checkpoint".formatted(number, file));
    }
  }

  private static @Nullable CheckpointHead handedOut(String document) {
    try {
      JsonNode answer = WireJson.mapper().readTree(document);
      JsonNode head = answer.path("checkpoint").isObject() ? answer.path("checkpoint") : answer;
      return head.path("note").isString()
          ? WireJson.mapper().treeToValue(head, CheckpointHead.class)
          : null;
    } catch (JacksonException notWhole) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
