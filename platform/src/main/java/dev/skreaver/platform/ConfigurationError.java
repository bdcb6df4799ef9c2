package dev.skreaver.platform;

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

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }

  @Override
  public int getExitCode() {
    return EXIT_CODE;
  }
}
