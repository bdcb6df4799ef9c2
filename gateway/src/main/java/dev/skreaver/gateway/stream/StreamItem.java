package dev.skreaver.gateway.stream;

import dev.skreaver.api.event.RecordedEvent;

/** What comes out of a stream, in the order of positions. */
public sealed interface StreamItem {
  /** Everything that matches up to here has been handed down, once this is. */
  long position();

  /**
   * The next event that matches.
   *
   * @param erasures how many erasures in its tenant had passed when its texts were opened; after
   *     another one it may show what is erased
   */
  record Event(RecordedEvent event, long erasures) implements StreamItem {
    @Override
    public long position() {
      return event.position();
    }
  }

  /**
   * Comes first, if at all: events between the requested position and the earliest that is offered
   * are no longer kept.
   *
   * @param requested the position that the client wanted to resume after
   * @param earliest the first position that can still come
   */
  record Gap(long requested, long earliest) implements StreamItem {
    @Override
    public long position() {
      return earliest - 1;
    }
  }

  /**
   * History is done, what follows is live; comes once.
   *
   * @param position every matching event up to here has been handed down
   */
  record CaughtUp(long position) implements StreamItem {}

  /**
   * Comes every few seconds to a live stream that nothing matched for a while, so that its cursor
   * advances: resuming after this position misses nothing.
   */
  record Progress(long position) implements StreamItem {}
}
