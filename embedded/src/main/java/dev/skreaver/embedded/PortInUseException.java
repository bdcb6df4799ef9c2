package dev.skreaver.embedded;

/** Somebody else listens there. */
public final class PortInUseException extends EmbeddedServerException {
  PortInUseException(int port) {
    super("Port %d is in use: choose another".formatted(port));
  }
}
