package dev.skreaver.platform;

import org.springframework.boot.builder.SpringApplicationBuilder;

/** A service as a process of its own. */
public final class ServiceProcess {
  /** Set where a service has a process to itself. */
  public static final String PROPERTY = "skreaver.own-process";

  private ServiceProcess() {}

  /**
   * Starts it. A setting that it cannot start with ends the process with that error's exit code,
   * which Spring Boot does not come to when other beans need the one that failed.
   */
  public static void run(SpringApplicationBuilder application, String... arguments) {
    try {
      application.properties(PROPERTY + "=true").run(arguments);
    } catch (RuntimeException failure) {
      for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
        if (cause instanceof ConfigurationError error) {
          System.exit(error.getExitCode());
        }
      }
      throw failure;
    }
  }
}
