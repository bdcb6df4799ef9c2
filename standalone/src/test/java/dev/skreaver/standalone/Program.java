package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A packaged program in a process of its own, and all that it says. */
final class Program implements AutoCloseable {
  static final Path MODULE = Path.of(System.getProperty("basedir", "")).toAbsolutePath();

  private static final int PATIENCE_SECONDS = 120;

  private final Process process;
  private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
  private final Thread reader;

  private Program(List<String> command, Map<String, String> environment) {
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    try {
      process = builder.start();
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    reader = Thread.ofPlatform().name("output-" + process.pid()).daemon().start(this::read);
  }

  /** {@code skreaver} with these arguments, as the launcher runs it. */
  static Program skreaver(String... arguments) {
    return skreaver(Map.of(), arguments);
  }

  /** The same where these variables are set. */
  static Program skreaver(Map<String, String> environment, String... arguments) {
    Path target = MODULE.resolve("target");
    try {
      var command = java();
      command.add("-Dskreaver.home=" + MODULE.getParent());
      command.add("-cp");
      command.add(
          target.resolve("skreaver-standalone.jar")
              + ":"
              + Files.readString(target.resolve("classpath")).strip());
      command.add("dev.skreaver.standalone.Skreaver");
      command.addAll(List.of(arguments));
      return new Program(command, environment);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The packaged jar of one service. */
  static Program service(String module, Map<String, String> environment) {
    Path target = MODULE.resolveSibling(module).resolve("target");
    try (var jars = Files.newDirectoryStream(target, "*-exec.jar")) {
      var command = java();
      command.add("-jar");
      command.add(jars.iterator().next().toString());
      return new Program(command, environment);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A script with the shell. */
  static Program shell(String script) {
    return new Program(List.of("sh", "-c", script), Map.of());
  }

  private static List<String> java() {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    return command;
  }

  private void read() {
    try (var output = process.inputReader()) {
      output.lines().forEach(lines::add);
    } catch (IOException | UncheckedIOException closed) {
      lines.add("(output closed)");
    }
  }

  String saidSoFar() {
    return lines.stream().map(line -> line + "\n").collect(Collectors.joining());
  }

  ProcessHandle handle() {
    return process.toHandle();
  }

  /** Waits until what it says fits. */
  MatchResult awaitOutput(String pattern) {
    var regex = Pattern.compile(pattern);
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (true) {
      boolean alive = process.isAlive();
      String said = saidSoFar();
      var found = regex.matcher(said);
      if (found.find()) {
        return found.toMatchResult();
      }
      assertThat(alive).as("%s alive and saying %s; it said: %s", process, pattern, said).isTrue();
      assertThat(System.nanoTime()).as("%s in time; it said: %s", pattern, said).isLessThan(limit);
      pause();
    }
  }

  private void pause() {
    try {
      process.waitFor(50, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** All that it said until it ended. */
  String output() {
    awaitEnd();
    return saidSoFar();
  }

  int exitCode() {
    awaitEnd();
    return process.exitValue();
  }

  private void awaitEnd() {
    try {
      assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
          .as("%s ended; it said: %s", process, saidSoFar())
          .isTrue();
      reader.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** SIGTERM; returns when it has ended. */
  void terminate() {
    process.destroy();
    awaitEnd();
  }

  /** SIGKILL; returns when it is gone. */
  void kill() {
    process.destroyForcibly();
    awaitEnd();
  }

  @Override
  public void close() {
    if (process.isAlive()) {
      process.destroy();
      try {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        process.destroyForcibly();
      }
    }
  }
}
