package dev.skreaver.command.audit;

import dev.skreaver.api.audit.CheckpointHead;
import dev.skreaver.api.json.WireJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A file that checkpoints are appended to, a line of JSON each, and that nothing is ever read into
 * the database from. It belongs on a volume that whoever administers the database cannot write to;
 * {@code chattr +a} suits it.
 */
final class Anchor {
  private static final int TAIL = 1 << 16;

  private final Path file;

  private Anchor(Path file) {
    this.file = file;
  }

  /**
   * @throws IOException if it cannot be appended to
   */
  static Anchor in(Path file) throws IOException {
    open(file).close();
    return new Anchor(file);
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** The last checkpoint that was written whole; null in an empty file. */
  @Nullable CheckpointHead last() throws IOException {
    return tail(TAIL).lines().filter(CheckpointHead::isLine).toList().reversed().stream()
        .findFirst()
        .map(line -> WireJson.mapper().readValue(line, CheckpointHead.class))
        .orElse(null);
  }

  /** When this returns, the line is on the disk. */
  void append(CheckpointHead checkpoint) throws IOException {
    String line = WireJson.mapper().writeValueAsString(checkpoint) + "\n";
    String end = tail(1);
    String whole = end.isEmpty() || end.equals("\n") ? line : "\n" + line;
    try (FileChannel channel = open(file)) {
      ByteBuffer bytes = ByteBuffer.wrap(whole.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }

  private String tail(int length) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long begin = Math.max(0, channel.size() - length);
      ByteBuffer bytes = ByteBuffer.allocate((int) (channel.size() - begin));
      while (bytes.hasRemaining() && channel.read(bytes, begin + bytes.position()) >= 0) {}
      return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    }
  }

  /** Where it is, for messages. */
  @Override
  public String toString() {
    return file.toString();
  }
}
