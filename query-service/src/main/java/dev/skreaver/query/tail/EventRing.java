package dev.skreaver.query.tail;

import dev.skreaver.api.event.RecordedEvent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The last events, so that readers near the head share one query. */
final class EventRing {
  private final @Nullable RecordedEvent[] events;
  private long floor = -1;
  private long head = -1;
  private long written;

  EventRing(int capacity) {
    this.events = new RecordedEvent[capacity];
  }

  /** The ring is empty, and complete after this position. */
  synchronized void start(long position) {
    Arrays.fill(events, null);
    written = 0;
    floor = position;
    head = position;
  }

  synchronized void append(List<RecordedEvent> page) {
    for (RecordedEvent event : page) {
      int slot = (int) (written % events.length);
      RecordedEvent oldest = events[slot];
      if (oldest != null) {
        floor = oldest.position();
      }
      events[slot] = event;
      written++;
      head = event.position();
    }
  }

  /** Null if none has come since the start. */
  synchronized @Nullable RecordedEvent last() {
    return written == 0 ? null : at(written - 1);
  }

  /** The last position; -1 before the start. */
  synchronized long head() {
    return head;
  }

  /**
   * The events after a position, in order; null if the ring does not hold all of them.
   *
   * @param limit at least 1
   */
  synchronized @Nullable List<RecordedEvent> after(long position, int limit) {
    if (floor < 0 || position < floor) {
      return null;
    }
    long low = Math.max(0, written - events.length);
    long high = written;
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (at(middle).position() > position) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    long end = Math.min(written, low + limit);
    var found = new ArrayList<RecordedEvent>((int) (end - low));
    for (long i = low; i < end; i++) {
      found.add(at(i));
    }
    return found;
  }

  private RecordedEvent at(long index) {
    RecordedEvent event = events[(int) (index % events.length)];
    if (event == null) {
      throw new IllegalStateException("the ring holds nothing at " + index);
    }
    return event;
  }
}
