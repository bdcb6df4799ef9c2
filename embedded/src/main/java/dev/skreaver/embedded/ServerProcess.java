package dev.skreaver.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Processes that run on their own and are known by a file that holds their id. */
final class ServerProcess {
  static final String LOOPBACK = "127.0.0.1";

  private ServerProcess() {}

  /**
   * The live process whose id is in the first line of the file, if it really is that server: its
   * command line must hold the argument. The id alone proves nothing, it may long be another's.
   */
  static Optional<ProcessHandle> find(Path pidFile, String argument) {
    List<String> lines;
    try {
      lines = Files.readAllLines(pidFile);
    } catch (IOException noServerEverRan) {
      return Optional.empty();
    }
    if (lines.isEmpty() || !lines.getFirst().strip().matches("\\d{1,10}")) {
      return Optional.empty();
    }
    return ProcessHandle.of(Long.parseLong(lines.getFirst().strip()))
        .filter(ProcessHandle::isAlive)
        .filter(process -> hasArgument(process, argument));
  }

  private static boolean hasArgument(ProcessHandle process, String argument) {
    return process.info().arguments().map(List::of).orElse(List.of()).contains(argument);
  }

  /** Waits until the process has ended; false if it still runs after the time. */
  static boolean awaitEnd(ProcessHandle process, long seconds) {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    try {
      while (runs(process)) {
        if (System.nanoTime() - limit >= 0) {
          return false;
        }
        TimeUnit.MILLISECONDS.sleep(10);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Not so when it is only a zombie: it is no child of this JVM, and where process 1 is slow to ask
   * for it, or never does, as in many containers, it stays on the list. It has no command any more.
   */
  static boolean runs(ProcessHandle process) {
    return process.isAlive() && process.info().command().isPresent();
  }

  /** A port that was free a moment ago. Whoever takes it must be ready to try another. */
  static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.ofLiteral(LOOPBACK))) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
