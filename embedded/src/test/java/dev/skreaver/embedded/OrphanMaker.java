package dev.skreaver.embedded;

import java.nio.file.Path;

/** The main class of a JVM that starts a server and waits to be killed. */
final class OrphanMaker {
  private OrphanMaker() {}

  public static void main(String[] arguments) throws InterruptedException {
    Path folder = Path.of(arguments[1]);
    ProcessHandle server =
        switch (arguments[0]) {
          case "PostgresServer" -> PostgresServer.start(folder).process().orElseThrow();
          case "RedisServer" -> RedisServer.start(folder).process().orElseThrow();
          default -> throw new IllegalArgumentException(arguments[0]);
        };
    System.out.println("server " + server.pid());
    Thread.currentThread().join();
  }
}
