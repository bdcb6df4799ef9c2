package dev.skreaver.embedded;

import org.jspecify.annotations.Nullable;

/**
 * An embedded server cannot be started or stopped. The message is one line for the person at the
 * terminal: what is wrong, and what to do.
 */
public sealed class EmbeddedServerException extends RuntimeException permits PortInUseException {
  public EmbeddedServerException(String message) {
    this(message, null);
  }

  public EmbeddedServerException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
