package dev.skreaver.api.audit;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * What the tree holds of an event: its place, its time and its leaf, in 48 bytes. The leaf does not
 * cover the first two.
 *
 * @param micros since 1970; of a time that is too far away, the first or the last there is
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record LogEntry(long position, long micros, byte[] leaf) {
  private static final int LEAF = LeafHash.LENGTH;

  /** Bytes of one entry. */
  public static final int BYTES = 2 * Long.BYTES + LEAF;

  public LogEntry {
    if (leaf.length != LEAF) {
      throw new IllegalArgumentException(
          "the leaf at position %d has %d bytes".formatted(position, leaf.length));
    }
  }

  public static LogEntry of(long position, Instant time, byte[] leaf) {
    return new LogEntry(position, micros(time), leaf);
  }

  /** PostgreSQL has times that are infinitely far away. */
  static long micros(Instant time) {
    try {
      return ChronoUnit.MICROS.between(Instant.EPOCH, time);
    } catch (ArithmeticException tooFar) {
      return time.isBefore(Instant.EPOCH) ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }

  /** One after another, each {@code u64(position) || i64(micros) || leaf}, big-endian. */
  public static byte[] write(List<LogEntry> entries) {
    ByteBuffer bytes = ByteBuffer.allocate(entries.size() * BYTES);
    entries.forEach(entry -> entry.put(bytes));
    return bytes.array();
  }

  /**
   * @throws IllegalArgumentException if these are no whole entries
   */
  public static List<LogEntry> read(byte[] bytes) {
    if (bytes.length % BYTES != 0) {
      throw new IllegalArgumentException("%d bytes are no entries".formatted(bytes.length));
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    var entries = new ArrayList<LogEntry>(bytes.length / BYTES);
    while (buffer.hasRemaining()) {
      long position = buffer.getLong();
      long micros = buffer.getLong();
      var leaf = new byte[LEAF];
      buffer.get(leaf);
      entries.add(new LogEntry(position, micros, leaf));
    }
    return entries;
  }

  private void put(ByteBuffer bytes) {
    bytes.putLong(position).putLong(micros).put(leaf);
  }

  byte[] bytes() {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES);
    put(bytes);
    return bytes.array();
  }
}
