package dev.skreaver.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/**
 * A closed loop: so many callers, each of which asks again as soon as it has its answer.
 *
 * @param window how long a rate is measured
 * @param longestWarmUp how long at most the load runs before it is measured; less when the rate no
 *     longer grows from window to window, which takes a JVM with few processors a minute or two
 */
record Load(int callers, Duration window, Duration longestWarmUp) {
  /** What counts as growth. */
  private static final double GROWTH = 1.03;

  /** So many windows without growth end the warm-up. */
  private static final int CALM = 3;

  /** One caller's next request; it returns when the answer is there. */
  interface Caller {
    void next() throws Exception;
  }

  /** Makes the caller with this number, before any time is counted. */
  interface Callers {
    Caller caller(int number) throws Exception;
  }

  /**
   * @return answers per second, counted after the warm-up
   * @throws IllegalStateException if any request fails: a rate with failures in it means nothing
   */
  double perSecond(Callers callers) {
    var answers = new LongAdder();
    var ready = new CountDownLatch(callers());
    var go = new CountDownLatch(1);
    var end = new AtomicBoolean();
    var running = new ArrayList<Future<?>>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < callers(); i++) {
        int number = i;
        running.add(
            threads.submit(
                () -> {
                  Caller caller;
                  try {
                    caller = callers.caller(number);
                  } finally {
                    ready.countDown();
                  }
                  go.await();
                  while (!end.get()) {
                    caller.next();
                    answers.increment();
                  }
                  return null;
                }));
      }
      ready.await();
      go.countDown();
      double rate;
      try {
        warmUp(answers);
        rate = rate(answers);
      } finally {
        end.set(true);
      }
      for (Future<?> caller : running) {
        caller.get();
      }
      return rate;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a request failed: " + e.getCause(), e.getCause());
    }
  }

  private void warmUp(LongAdder answers) throws InterruptedException {
    long end = System.nanoTime() + longestWarmUp.toNanos();
    double best = 0;
    for (int calm = 0; calm < CALM && System.nanoTime() - end < 0; ) {
      double rate = rate(answers);
      calm = rate > best * GROWTH ? 0 : calm + 1;
      best = Math.max(best, rate);
    }
  }

  private double rate(LongAdder answers) throws InterruptedException {
    long counted = answers.sum();
    long from = System.nanoTime();
    Thread.sleep(window);
    return (answers.sum() - counted) * 1e9 / (System.nanoTime() - from);
  }
}
