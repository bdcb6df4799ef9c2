package dev.skreaver.api.event;

import dev.skreaver.api.json.WireJson;

/**
 * How events lie in Redis: one stream, written by the relay in position order, whose entry ids are
 * the events' positions. So an id is a resume cursor, and Redis itself refuses repeats.
 */
public final class EventMesh {
  /** The stream's key. */
  public static final String STREAM = "skreaver:events";

  /** The one field of an entry: the {@link RecordedEvent} as JSON, {@code previous} included. */
  public static final String FIELD = "e";

  private EventMesh() {}

  /** The entry id of an event. */
  public static String id(long position) {
    return position + "-0";
  }

  /**
   * The position that an entry id stands for.
   *
   * @throws IllegalArgumentException for an id that the relay does not write
   */
  public static long position(String id) {
    if (!id.endsWith("-0")) {
      throw new IllegalArgumentException("'%s' is not the id of a relayed event".formatted(id));
    }
    return Long.parseLong(id.substring(0, id.length() - 2));
  }

  public static byte[] write(RecordedEvent event) {
    return WireJson.mapper().writeValueAsBytes(event);
  }

  public static RecordedEvent read(byte[] entry) {
    return WireJson.mapper().readValue(entry, RecordedEvent.class).in(EventFormat.instance());
  }
}
