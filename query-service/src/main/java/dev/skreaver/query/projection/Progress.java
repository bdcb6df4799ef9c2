package dev.skreaver.query.projection;

import java.util.Arrays;

/**
 * How far one generation has come in each segment, as far as this process knows; what it once knew
 * stays true, whoever owns the segment now.
 */
final class Progress {
  private final Generation generation;
  private final Runnable onOwnAdvance;
  private final Runnable onAdvance;
  private final long[] handled;

  /**
   * @param onOwnAdvance run, in addition, when this process itself has come further
   */
  Progress(Generation generation, int segments, Runnable onAdvance, Runnable onOwnAdvance) {
    this.generation = generation;
    this.onOwnAdvance = onOwnAdvance;
    this.onAdvance = onAdvance;
    this.handled = new long[segments];
  }

  Generation generation() {
    return generation;
  }

  int segments() {
    return handled.length;
  }

  /** This process has handled all events of these segments up to a position. */
  void advanced(int[] segments, long position) {
    synchronized (this) {
      for (int segment : segments) {
        handled[segment] = Math.max(handled[segment], position);
      }
    }
    onAdvance.run();
    onOwnAdvance.run();
  }

  /** From the database, or from the instance that owns the segment. */
  void learned(int segment, long position) {
    synchronized (this) {
      if (segment >= handled.length || handled[segment] >= position) {
        return;
      }
      handled[segment] = position;
    }
    onAdvance.run();
  }

  /** Whether it holds all that another generation holds that is so far in each segment. */
  synchronized boolean covers(long[] other) {
    if (other.length != handled.length) {
      return position() >= Arrays.stream(other).max().orElse(0);
    }
    for (int segment = 0; segment < handled.length; segment++) {
      if (handled[segment] < other[segment]) {
        return false;
      }
    }
    return true;
  }

  /** All events up to here are handled. */
  synchronized long position() {
    return Arrays.stream(handled).min().orElse(0);
  }

  synchronized long[] handled() {
    return handled.clone();
  }

  /** For rates: moves whenever any segment does. */
  synchronized double average() {
    return Arrays.stream(handled).average().orElse(0);
  }
}
