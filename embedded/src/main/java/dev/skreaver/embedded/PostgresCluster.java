package dev.skreaver.embedded;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One folder of PostgreSQL's data, and PostgreSQL's own programs at work on it. */
final class PostgresCluster {
  static final String SUPERUSER = "skreaver";

  private static final Logger log = LoggerFactory.getLogger(PostgresCluster.class);

  /** Recovery after a crash may read much of the log again before the server answers. */
  private static final String SECONDS_TO_START = "300";

  private static final int SECONDS_TO_STOP = 60;
  private static final long LONGEST_LOG = 10_000_000;

  private final Path folder;
  private final Path data;
  private final Path serverLog;

  /**
   * @param folder that holds {@code data} and the server's log
   */
  PostgresCluster(Path folder) {
    this.folder = folder;
    this.data = folder.resolve("data");
    this.serverLog = folder.resolve("postgres.log");
  }

  /** Stops the server that a killed JVM left behind in this folder, if there is one. */
  static void stopOrphan(Path folder) {
    var cluster = new PostgresCluster(folder);
    if (cluster.process().isPresent()) {
      log.info("Stopping a PostgreSQL that outlived its JVM");
      cluster.stop();
    }
  }

  Optional<ProcessHandle> process() {
    return ServerProcess.find(data.resolve("postmaster.pid"), data.toString());
  }

  /** Creates the data if there is none. It is there whole or not at all. */
  void create(String password) {
    if (Files.exists(data)) {
      return;
    }
    Path draft = folder.resolve("data.new");
    Path passwordFile = folder.resolve("initial-password");
    try {
      DataFolder.deleteTree(draft);
      DataFolder.write(passwordFile, password + "\n");
      Outcome outcome =
          run(
              "initdb",
              "--pgdata=" + draft,
              "--username=" + SUPERUSER,
              "--pwfile=" + passwordFile,
              "--auth=scram-sha-256",
              "--encoding=UTF8",
              "--no-locale",
              "--locale-provider=builtin",
              "--builtin-locale=C.UTF-8");
      if (!outcome.succeeded()) {
        throw new EmbeddedServerException(
            "PostgreSQL could not create its data in %s: %s".formatted(folder, outcome.lastLine()));
      }
      Files.move(draft, data);
      Files.delete(passwordFile);
    } catch (IOException e) {
      throw DataFolder.unusable(folder, e);
    }
  }

  void refuseAnotherVersion() {
    Path file = data.resolve("PG_VERSION");
    try {
      if (!Files.exists(data)) {
        return;
      }
      String found = Files.readString(file).strip();
      if (!found.equals(Binaries.postgresMajorVersion())) {
        throw new EmbeddedServerException(
            ("The data folder %s was written by PostgreSQL %s, and this is PostgreSQL %s: "
                    + "choose another folder, or bring the data over with pg_dump")
                .formatted(folder, found, Binaries.postgresMajorVersion()));
      }
    } catch (IOException e) {
      throw DataFolder.unusable(folder, e);
    }
  }

  /** Starts the server and waits until it answers. */
  void start(int port, List<String> settings) {
    forgetDeadServer();
    shortenLog();
    var options = new ArrayList<String>();
    options.add("-p " + port);
    for (String setting : settings) {
      options.add("-c " + setting);
    }
    Outcome outcome =
        run(
            "pg_ctl",
            "start",
            "--pgdata=" + data,
            "--log=" + serverLog,
            "--wait",
            "--timeout=" + SECONDS_TO_START,
            "--options=" + String.join(" ", options));
    if (outcome.succeeded()) {
      return;
    }
    String end = endOfLog();
    if (end.contains("could not create any TCP/IP sockets")) {
      throw new PortInUseException(port);
    }
    throw new EmbeddedServerException(
        "PostgreSQL did not start: %s (its log is %s)".formatted(fatalLine(end), serverLog));
  }

  /** A "fast" shutdown, if it runs: open transactions are rolled back, everything is written. */
  void stop() {
    process().ifPresent(this::stop);
  }

  private void stop(ProcessHandle server) {
    Outcome outcome =
        run(
            "pg_ctl",
            "stop",
            "--pgdata=" + data,
            "--mode=fast",
            "--wait",
            "--timeout=" + SECONDS_TO_STOP);
    // pg_ctl has its answer a moment before the process is gone.
    if (!ServerProcess.awaitEnd(server, outcome.succeeded() ? SECONDS_TO_STOP : 1)) {
      throw new EmbeddedServerException(
          "PostgreSQL did not stop: %s (its log is %s)".formatted(outcome.lastLine(), serverLog));
    }
  }

  /**
   * PostgreSQL takes any live process with the id in its file for itself. The caller has the claim
   * on the folder and has found no server in it, so the id is another program's by now.
   */
  private void forgetDeadServer() {
    try {
      Files.deleteIfExists(data.resolve("postmaster.pid"));
    } catch (IOException e) {
      throw DataFolder.unusable(folder, e);
    }
  }

  private void shortenLog() {
    try {
      if (Files.exists(serverLog) && Files.size(serverLog) > LONGEST_LOG) {
        Files.delete(serverLog);
      }
    } catch (IOException e) {
      throw DataFolder.unusable(folder, e);
    }
  }

  private String endOfLog() {
    try {
      List<String> lines = Files.readAllLines(serverLog);
      return String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
    } catch (IOException none) {
      return "";
    }
  }

  private static String fatalLine(String text) {
    return text.lines()
        .filter(line -> line.contains("FATAL:"))
        .map(line -> line.substring(line.indexOf("FATAL:") + "FATAL:".length()).strip())
        .reduce((first, second) -> second)
        .orElse("no reason in its log");
  }

  private record Outcome(int exitCode, String output) {
    boolean succeeded() {
      return exitCode == 0;
    }

    String lastLine() {
      return output.lines().reduce((first, second) -> second).orElse("no reason given").strip();
    }
  }

  private Outcome run(String program, String... arguments) {
    var command = new ArrayList<>(Binaries.postgres(program));
    command.addAll(List.of(arguments));
    try {
      var builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().put("LC_ALL", "C");
      builder.environment().put("TZ", "UTC");
      Process process = builder.start();
      process.getOutputStream().close();
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return new Outcome(process.waitFor(), output);
    } catch (IOException e) {
      throw new EmbeddedServerException("Could not run " + program + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EmbeddedServerException("Interrupted while " + program + " ran", e);
    }
  }
}
