package dev.skreaver.benchmarks;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Durations of one kind, in nanoseconds, taken by any number of threads. */
final class Latencies {
  private final ConcurrentLinkedQueue<Long> nanos = new ConcurrentLinkedQueue<>();

  /** What was seen before its cause was acknowledged took no time. */
  void add(long duration) {
    nanos.add(Math.max(0, duration));
  }

  int count() {
    return nanos.size();
  }

  /** The median and the 99th percentile as figures {@code <name>.p50} and {@code <name>.p99}. */
  List<Figure> figures(String name, Figure limit) {
    return List.of(
        Figure.of(name + ".p50", millis(0.50), "ms", limit),
        Figure.of(name + ".p99", millis(0.99), "ms", limit));
  }

  Figure median(String name) {
    return Figure.limit(name, millis(0.50), "ms");
  }

  private double millis(double quantile) {
    long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalStateException("nothing was measured");
    }
    int index = (int) Math.ceil(quantile * sorted.length) - 1;
    return sorted[Math.max(0, index)] / 1e6;
  }
}
