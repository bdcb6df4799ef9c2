package dev.skreaver.command.store;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/**
 * A queue of appends and the one thread that writes them. It writes whatever waits when it is free,
 * without a timer: alone when there is little to do, in large groups under load.
 */
final class AppendLane implements AutoCloseable {
  /** More would hold the append lock too long for the other instances. */
  private static final int LARGEST_GROUP = 500;

  private static final int LONGEST_QUEUE = 10_000;

  private final BlockingQueue<Append> waiting = new LinkedBlockingQueue<>(LONGEST_QUEUE);
  private final Consumer<List<Append>> writer;
  private final Thread thread;
  private final Append stop = new Append(List.of(), null);
  private volatile boolean closed;

  /**
   * @param writer settles every append that it is given
   */
  AppendLane(int number, Consumer<List<Append>> writer) {
    this.writer = writer;
    this.thread = Thread.ofPlatform().daemon().name("append-lane-" + number).start(this::run);
  }

  /** Waits until the append is settled. */
  Append.Stored write(Append append) {
    if (closed || !waiting.offer(append)) {
      throw refusal();
    }
    if (closed) {
      // The lane may have ended between the check and the offer.
      failWaiting();
    }
    return append.await();
  }

  private void run() {
    var group = new ArrayList<Append>(LARGEST_GROUP);
    boolean stopped = false;
    while (!stopped) {
      try {
        group.add(waiting.take());
      } catch (InterruptedException e) {
        break;
      }
      waiting.drainTo(group, LARGEST_GROUP - 1);
      stopped = group.remove(stop);
      writer.accept(List.copyOf(group));
      group.clear();
    }
    failWaiting();
  }

  /** Refuses what waits; what comes later is written. */
  void failWaiting() {
    for (Append append : waiting) {
      if (append != stop && waiting.remove(append)) {
        append.fail(refusal());
      }
    }
  }

  private static Refusal refusal() {
    return new Refusal(
        ErrorCode.EVENT_STORE_UNAVAILABLE,
        "Too many commands wait for the event store, or it is shutting down; nothing was changed,"
            + " try again later");
  }

  /** Lets the group under way finish and refuses what waits. */
  @Override
  public void close() {
    closed = true;
    try {
      // No interrupt: it would cut the connection of the group under way.
      waiting.put(stop);
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
