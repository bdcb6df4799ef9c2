package dev.skreaver.query.projection;

import java.util.Arrays;

/**
 * How far one generation has come in each segment, as far as this process knows; what it once knew
 * stays true, whoever owns the segment now.
 *
 * <p>A segment without events of its own comes along: there, everything up to the last event that
 * was offered to it is handled.
 */
final class Progress {
  private final Generation generation;
  private final Runnable onOwnAdvance;
  private final Runnable onAdvance;
  private final long[] handled;
  private final long[] committed;
  private final long[] offered;
  private final long[] due;

  /**
   * @param onOwnAdvance run, in addition, when this process itself has come further
   */
  Progress(Generation generation, int segments, Runnable onAdvance, Runnable onOwnAdvance) {
    this.generation = generation;
    this.onOwnAdvance = onOwnAdvance;
    this.onAdvance = onAdvance;
    this.handled = new long[segments];
    this.committed = new long[segments];
    this.offered = new long[segments];
    this.due = new long[segments];
  }

  Generation generation() {
    return generation;
  }

  int segments() {
    return handled.length;
  }

  /** This process begins to handle a segment after a position. */
  void claimed(int segment, long position) {
    synchronized (this) {
      committed[segment] = position;
      offered[segment] = position;
      due[segment] = position;
    }
    learned(segment, position);
  }

  /** The segment's owner, this process, has seen an event, and is to handle it if it is its own. */
  void offered(int segment, long position, boolean own) {
    synchronized (this) {
      offered[segment] = position;
      if (own) {
        due[segment] = position;
        return;
      }
      if (committed[segment] < due[segment] || handled[segment] >= position) {
        return;
      }
      handled[segment] = position;
    }
    onAdvance.run();
    onOwnAdvance.run();
  }

  void committed(int segment, long position) {
    synchronized (this) {
      committed[segment] = Math.max(committed[segment], position);
      long reached = committed[segment] >= due[segment] ? offered[segment] : position;
      handled[segment] = Math.max(handled[segment], Math.max(position, reached));
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
