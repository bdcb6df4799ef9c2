package dev.skreaver.platform;

import org.springframework.boot.SpringBootExceptionReporter;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Says in one line why the process does not start. It writes to standard error because a start can
 * fail before there is a log, and because this line is for a person in any log format.
 */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class StartFailureReporter implements SpringBootExceptionReporter {

  @Override
  public boolean reportException(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String line =
          switch (cause) {
            case ConfigurationError error -> error.getMessage();
            case PortInUseException busy ->
                "SKREAVER_PORT: port %d is already in use; stop what listens there or give another"
                    .formatted(busy.getPort());
            default -> null;
          };
      if (line != null) {
        System.err.println("skreaver does not start: " + line);
        return true;
      }
    }
    return false;
  }
}
