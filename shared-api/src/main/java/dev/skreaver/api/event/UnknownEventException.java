package dev.skreaver.api.event;

/**
 * The store holds an event that this release cannot read. The reader must stop: to go on would be
 * to drop the event.
 */
public final class UnknownEventException extends RuntimeException {
  public UnknownEventException(String message) {
    super(message);
  }
}
