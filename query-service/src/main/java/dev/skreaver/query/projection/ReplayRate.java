package dev.skreaver.query.projection;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Events per second of late, from samples of a position. */
final class ReplayRate {
  private static final Duration WINDOW = Duration.ofSeconds(10);

  private static final Duration TELLING = Duration.ofSeconds(30);

  private @Nullable Long told;

  private record Sample(long nanos, long position) {}

  private final Deque<Sample> samples = new ArrayDeque<>();

  /** Whether it is time to say again how it goes. */
  synchronized boolean isToBeTold(long nanos) {
    if (told != null && nanos - told < TELLING.toNanos()) {
      return false;
    }
    told = nanos;
    return true;
  }

  synchronized void sample(long nanos, long position) {
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
