package dev.skreaver.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;

/** A closed loop: so many callers, each of which asks again as soon as it has its answer. */
record Load(int callers, Duration warmUp, Duration measured) {

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
    var running = new ArrayList<Future<?>>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var end = new long[1];
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
                  while (System.nanoTime() - end[0] < 0) {
                    caller.next();
                    answers.increment();
                  }
                  return null;
                }));
      }
      ready.await();
      long begin = System.nanoTime();
      end[0] = begin + warmUp.plus(measured).toNanos();
      go.countDown();
      Thread.sleep(warmUp);
      long counted = answers.sum();
      long from = System.nanoTime();
      Thread.sleep(measured);
      double rate = (answers.sum() - counted) * 1e9 / (System.nanoTime() - from);
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
}
