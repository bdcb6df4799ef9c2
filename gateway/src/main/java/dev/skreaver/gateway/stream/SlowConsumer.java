package dev.skreaver.gateway.stream;

/**
 * A stream is cut because its reader did not keep up with live events: its buffer is full. The
 * error arrives at once, whatever the reader has asked for.
 */
public final class SlowConsumer extends RuntimeException {
  private final long lastPosition;

  public SlowConsumer(long lastPosition) {
    super("slow consumer, last position " + lastPosition, null, false, false);
    this.lastPosition = lastPosition;
  }

  /** The position of the last item that was handed down; resume after it. */
  public long lastPosition() {
    return lastPosition;
  }
}
