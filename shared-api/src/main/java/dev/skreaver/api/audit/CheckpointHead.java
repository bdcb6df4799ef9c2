package dev.skreaver.api.audit;

import static java.util.Objects.requireNonNull;

import java.time.Instant;

/**
 * A checkpoint as it is handed out and anchored: whoever keeps one can tell later whether the store
 * still holds all that it held then.
 *
 * @param size how many events it covers
 * @param position of the last of them
 * @param note the origin, the size and the root of the tree in base64, a line each, and the
 *     signature: C2SP tlog-checkpoint
 * @param time when it was signed
 */
public record CheckpointHead(long size, long position, String note, Instant time) {

  public CheckpointHead {
    requireNonNull(note, "note");
    requireNonNull(time, "time");
  }

  /**
   * Whether a line of an anchor is one of these as JSON, and whole: a crash may have cut a line
   * off, which is then no evidence of anything.
   */
  public static boolean isLine(String line) {
    return line.startsWith("{\"size\"") && line.endsWith("}");
  }
}
