package dev.skreaver.gateway.stream;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The last events in memory, in order of position. For one thread. */
final class Ring {
  private final StreamItem.@Nullable Event[] events;
  private long floor;
  private long written;

  /**
   * @param floor the position after which events are added
   */
  Ring(int capacity, long floor) {
    this.events = new StreamItem.Event[capacity];
    this.floor = floor;
  }

  /** Every event after this position is here. */
  long floor() {
    return floor;
  }

  void add(StreamItem.Event event) {
    int slot = slot(written);
    StreamItem.Event oldest = events[slot];
    if (oldest != null) {
      floor = oldest.event().position();
    }
    events[slot] = event;
    written++;
  }

  /** The number of the first event after this position; {@link #end} if there is none. */
  long firstAfter(long position) {
    long low = Math.max(0, written - events.length);
    long high = written;
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (get(middle).event().position() <= position) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** One more than the number of the last event. */
  long end() {
    return written;
  }

  StreamItem.Event get(long number) {
    return Objects.requireNonNull(events[slot(number)]);
  }

  private int slot(long number) {
    return (int) (number % events.length);
  }
}
