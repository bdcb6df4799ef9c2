package dev.skreaver.standalone;

import static java.util.Objects.requireNonNull;

import dev.skreaver.platform.ConfigurationError;
import dev.skreaver.platform.Settings;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.StandardEnvironment;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command line: {@code skreaver}, and with {@code token}, {@code audit}, {@code archive},
 * {@code bench}.
 */
@Command(
    name = "skreaver",
    description = "Runs Skreaver in one process, with its own PostgreSQL and Redis.",
    subcommands = {
      TokenCommand.class,
      AuditCommand.class,
      ArchiveCommand.class,
      BenchCommand.class
    },
    sortOptions = false)
final class Skreaver implements Callable<Integer> {
  private static final int LARGEST_PORT = 65_535;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it
  private boolean help;

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "Listen on this port; 0 takes a free one. Default: SKREAVER_PORT, else 8080.")
  private @Nullable Integer port;

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Listen on this address only. Default: 127.0.0.1, this machine alone.")
  private InetAddress host = InetAddress.ofLiteral("127.0.0.1");

  @ArgGroup(exclusive = true)
  private @Nullable Place place;

  @Option(
      names = "--check",
      description = "Stop again when everything is ready; exit code 0 says that it was.")
  private boolean check;

  private static final class Place {
    @Option(
        names = "--data",
        paramLabel = "DIR",
        required = true,
        description = "Keep the data in this folder. Default: .skreaver/data in the project.")
    private @Nullable Path data;

    @Option(
        names = "--ephemeral",
        required = true,
        description = "Keep the data in a folder that is deleted at the end.")
    private boolean ephemeral;
  }

  private Skreaver() {}

  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    var skreaver = new CommandLine(new Skreaver());
    // Whatever stands behind "bench" is for the benchmarks to understand.
    requireNonNull(skreaver.getSubcommands().get("bench"))
        .setUnmatchedOptionsArePositionalParams(true);
    return skreaver
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(
            (failure, arguments) -> {
              PrintWriter err = failure.getCommandLine().getErr();
              err.printf("skreaver: %s (see --help)%n", failure.getMessage());
              err.flush();
              return CommandLine.ExitCode.USAGE;
            })
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> {
              PrintWriter err = command.getErr();
              StartFailure.lineFor(failure).ifPresent(line -> err.printf("skreaver: %s%n", line));
              err.flush();
              return CommandLine.ExitCode.SOFTWARE;
            });
  }

  /** Where the data is unless told otherwise. The launcher says where the project is. */
  static Path defaultData() {
    return Path.of(System.getProperty("skreaver.home", ""), ".skreaver", "data");
  }

  /** The port to take, or to look at, where no option names one. */
  static int defaultPort(CommandSpec spec) {
    try {
      return Settings.of(new StandardEnvironment()).number("SKREAVER_PORT", 8080, 0, LARGEST_PORT);
    } catch (ConfigurationError e) {
      throw new ParameterException(spec.commandLine(), e.getMessage());
    }
  }

  @Override
  public Integer call() throws InterruptedException {
    int listenOn = port == null ? defaultPort(spec) : port;
    if (listenOn < 0 || listenOn > LARGEST_PORT) {
      throw new ParameterException(
          spec.commandLine(), "--port must be a whole number from 0 to " + LARGEST_PORT);
    }
    PrintWriter out = spec.commandLine().getOut();
    try (Standalone standalone = standalone(listenOn)) {
      out.printf("Starting Skreaver with its data in %s ...%n", standalone.data());
      out.flush();
      Runtime.getRuntime().addShutdownHook(new Thread(standalone::close, "stop"));
      standalone.start();
      Duration sinceStart =
          // Of the JVM, not of the process: the launcher becomes it after it has built.
          Duration.ofMillis(
              System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime());
      out.print(new Greeting(standalone, sinceStart).text());
      out.flush();
      if (!check) {
        standalone.awaitEnd();
      }
    }
    return CommandLine.ExitCode.OK;
  }

  private Standalone standalone(int listenOn) {
    if (place != null && place.ephemeral) {
      return Standalone.ephemeral(host, listenOn);
    }
    Path data = place == null || place.data == null ? defaultData() : place.data;
    return Standalone.on(data, host, listenOn);
  }
}
