package dev.skreaver.query.projection;

import io.github.bucket4j.Bucket;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** How a generation is built: at which pace, and what is left for the end. */
final class Rebuild {
  /** What a pace can be limited to at most, in events per second. */
  static final int FASTEST = 10_000_000;

  /** So many times a second a limited replay takes what it may. */
  private static final int PORTIONS = 10;

  private final BooleanSupplier indexes;
  private boolean indexed;
  private volatile Pace pace = Pace.UNLIMITED;
  private volatile @Nullable Bucket bucket;
  private volatile Runnable onChange = () -> {};
  private volatile boolean over;

  /**
   * @param paused whether it waits
   * @param eventsPerSecond how many events it may pass; null for as many as it can
   */
  record Pace(boolean paused, @Nullable Integer eventsPerSecond) {
    static final Pace UNLIMITED = new Pace(false, null);
  }

  /**
   * @param begin the pace from the first event on
   * @param indexes makes what is missing, on the thread that asks; false if somebody else is about
   *     it
   */
  Rebuild(Pace begin, BooleanSupplier indexes) {
    this.indexes = indexes;
    pace(begin);
  }

  /**
   * @param run when the pace changes
   */
  void onChange(Runnable run) {
    onChange = run;
  }

  void pace(Pace next) {
    Pace before = pace;
    if (before.equals(next)) {
      return;
    }
    Integer limit = next.eventsPerSecond();
    if (!Objects.equals(limit, before.eventsPerSecond())) {
      bucket =
          limit == null
              ? null
              : Bucket.builder()
                  .addLimit(
                      bandwidth ->
                          bandwidth
                              .capacity(portion(limit))
                              .refillGreedy(limit, Duration.ofSeconds(1)))
                  .build();
    }
    pace = next;
    onChange.run();
  }

  boolean paused() {
    return pace.paused();
  }

  /** What was built serves from now on. */
  void end() {
    over = true;
    pace(Pace.UNLIMITED);
  }

  boolean over() {
    return over;
  }

  /** How many events may be taken at once. */
  int atOnce(int most) {
    Integer limit = pace.eventsPerSecond();
    return limit == null ? most : Math.min(most, portion(limit));
  }

  private static int portion(int limit) {
    return Math.max(1, limit / PORTIONS);
  }

  /**
   * @return how long to wait after so many events, in nanoseconds
   */
  long passed(int events) {
    Bucket limited = bucket;
    return limited == null ? 0 : limited.consumeIgnoringRateLimits(events);
  }

  /** To be called when nearly all events are handled, again and again. */
  void nearlyDone() {
    indexed = indexed || indexes.getAsBoolean();
  }
}
