package dev.skreaver.standalone;

import dev.skreaver.api.error.Refusal;
import dev.skreaver.embedded.EmbeddedServerException;
import dev.skreaver.platform.ConfigurationError;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.boot.web.server.PortInUseException;

/** The start did not succeed. The message is one line for the person at the terminal. */
final class StartFailure extends RuntimeException {
  StartFailure(String message) {
    super(message);
  }

  StartFailure(String message, Throwable cause) {
    super(message, cause);
  }

  /** The line to show; nothing if the services' own reporter has shown it. */
  static Optional<String> lineFor(Throwable failure) {
    return Stream.iterate(failure, cause -> cause != null, Throwable::getCause)
        .filter(
            cause ->
                cause instanceof ConfigurationError
                    || cause instanceof PortInUseException
                    || cause instanceof EmbeddedServerException
                    || cause instanceof Refusal)
        .findFirst()
        .map(
            known ->
                known instanceof ConfigurationError || known instanceof PortInUseException
                    ? Optional.<String>empty()
                    : Optional.of(String.valueOf(known.getMessage())))
        .orElseGet(() -> Optional.of(String.valueOf(failure.getMessage())));
  }
}
