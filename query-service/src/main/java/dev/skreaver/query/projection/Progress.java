package dev.skreaver.query.projection;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How far one generation has come in each segment, as far as this process knows; what it once knew
 * stays true, whoever owns the segment now, until it is told to forget.
 */
final class Progress {
  private final Generation generation;
  private final Runnable onOwnAdvance;
  private final Runnable onAdvance;
  private final long[] handled;
  private final boolean[] known;
  private int epoch;

  /**
   * @param onOwnAdvance run, in addition, when this process itself has come further
   */
  Progress(
      Generation generation, int segments, int epoch, Runnable onAdvance, Runnable onOwnAdvance) {
    this.generation = generation;
    this.onOwnAdvance = onOwnAdvance;
    this.onAdvance = onAdvance;
    this.handled = new long[segments];
    this.known = new boolean[segments];
    this.epoch = epoch;
  }

  Generation generation() {
    return generation;
  }

  int segments() {
    return handled.length;
  }

  synchronized void forget(int next) {
    epoch = next;
    Arrays.fill(handled, 0);
    Arrays.fill(known, false);
  }

  /**
   * This process has handled all events of these segments up to a position.
   *
   * @param since the epoch in which it began to
   */
  void advanced(int since, int[] segments, long position) {
    synchronized (this) {
      if (since != epoch) {
        return;
      }
      for (int segment : segments) {
        handled[segment] = Math.max(handled[segment], position);
        known[segment] = true;
      }
    }
    onAdvance.run();
    onOwnAdvance.run();
  }

  /**
   * From the database, or from the instance that owns the segment.
   *
   * @param since the epoch in which the database was asked
   */
  void learned(int since, int segment, long position) {
    synchronized (this) {
      if (since != epoch
          || segment >= handled.length
          || (known[segment] && handled[segment] >= position)) {
        return;
      }
      handled[segment] = Math.max(handled[segment], position);
      known[segment] = true;
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

  /** The same; null until it was learned of each segment. */
  synchronized @Nullable Long knownPosition() {
    for (boolean segment : known) {
      if (!segment) {
        return null;
      }
    }
    return position();
  }

  synchronized long[] handled() {
    return handled.clone();
  }
}
