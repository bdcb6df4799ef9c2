package dev.skreaver.query.projection;

import java.time.Duration;

/**
 * A part of the agents that this instance handles: where it is, and whether it may be tried now.
 * For one thread at a time.
 */
final class Segment {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final int LONGEST_PAUSE = 4;

  private final int number;
  private long stored;
  private long position;
  private int failures;
  private long notBefore;

  Segment(int number, long stored) {
    this.number = number;
    this.stored = stored;
    this.position = stored;
  }

  /** Which segment an agent's events belong to, for ever. */
  static int of(String sequence, int segments) {
    return sequence.hashCode() & (segments - 1);
  }

  Integer number() {
    return number;
  }

  /** Its position in the database. */
  Long stored() {
    return stored;
  }

  /** All its events up to here are handled; those after the stored position were not its own. */
  long position() {
    return position;
  }

  /** There were no events of its own up to here. */
  void passed(long to) {
    position = to;
    failures = 0;
  }

  void committed(long to) {
    stored = to;
    passed(to);
  }

  void failed(long nanoTime) {
    notBefore = nanoTime + (FIRST_PAUSE.toNanos() << Math.min(failures++, LONGEST_PAUSE));
  }

  /** How long it pauses after a failure; not positive if it need not. */
  long pause(long nanoTime) {
    return failures == 0 ? 0 : notBefore - nanoTime;
  }
}
