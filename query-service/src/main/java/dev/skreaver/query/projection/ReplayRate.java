package dev.skreaver.query.projection;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/** Events per second of late, from samples of a position. */
final class ReplayRate {
  private static final Duration WINDOW = Duration.ofSeconds(10);

  private record Sample(long nanos, double position) {}

  private final Deque<Sample> samples = new ArrayDeque<>();

  synchronized void sample(long nanos, double position) {
    samples.addLast(new Sample(nanos, position));
    while (samples.size() > 2 && nanos - samples.getFirst().nanos > WINDOW.toNanos()) {
      samples.removeFirst();
    }
  }

  /** 0 until known. */
  synchronized double eventsPerSecond() {
    if (samples.size() < 2) {
      return 0;
    }
    Sample first = samples.getFirst();
    Sample last = samples.getLast();
    double seconds = (last.nanos - first.nanos) / 1e9;
    return seconds <= 0 ? 0 : Math.max(0, (last.position - first.position) / seconds);
  }
}
