package dev.skreaver.platform;

import java.sql.SQLException;
import org.springframework.boot.ExitCodeGenerator;

/**
 * A setting that this process cannot start with. It ends the start with one line on standard error
 * and the exit code {@value #EXIT_CODE}.
 */
public final class ConfigurationError extends RuntimeException implements ExitCodeGenerator {
  /** {@code EX_CONFIG} of sysexits.h. */
  public static final int EXIT_CODE = 78;

  /**
   * @param variable the environment variable at fault
   * @param problem what is wrong with it and what to give instead; never the value of a secret
   */
  public ConfigurationError(String variable, String problem) {
    super(variable + ": " + problem);
  }

  /** Of a variable that leads to a database which does not let anybody in. */
  public static ConfigurationError unusable(
      String variable, PostgresAddress address, SQLException failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return new ConfigurationError(
        variable,
        "the database %s cannot be used: %s"
            .formatted(
                address,
                String.valueOf(cause.getMessage())
                    .lines()
                    .findFirst()
                    .orElse("it does not answer")));
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }

  @Override
  public int getExitCode() {
    return EXIT_CODE;
  }
}
