package dev.skreaver.embedded;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real Redis on loopback, with a password. It keeps nothing on disk: what it holds can be written
 * again from the event store.
 *
 * <p>It runs in a session of its own, and is found again after its JVM was killed, as {@link
 * PostgresServer} is.
 */
public final class RedisServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RedisServer.class);
  private static final String CONFIGURATION = "redis.conf";
  private static final String PID_FILE = "redis.pid";
  private static final String LOG = "redis.log";
  private static final Duration TIME_TO_START = Duration.ofSeconds(30);
  private static final int SECONDS_TO_STOP = 10;
  private static final int PORTS_TO_TRY = 10;

  private final DataFolder folder;
  private final @Nullable ThrowAwayFolder throwAway;
  private final String password;
  private int port;

  private RedisServer(DataFolder folder, @Nullable ThrowAwayFolder throwAway, int port) {
    this.folder = folder;
    this.throwAway = throwAway;
    this.password = folder.secret("password");
    this.port = port;
  }

  /** Starts on a free port, empty. The folder holds its configuration and its log. */
  public static RedisServer start(Path folder) {
    return start(folder, 0);
  }

  /**
   * @param port 0 for a free one
   * @throws EmbeddedServerException if the port or the folder is in use, or the folder cannot be
   *     written
   */
  public static RedisServer start(Path folder, int port) {
    return started(new RedisServer(DataFolder.claim(folder), null, port));
  }

  /** Starts in a folder that is deleted when the server is closed, at the JVM's end at latest. */
  public static RedisServer throwAway() {
    ThrowAwayFolder parent = ThrowAwayFolder.create();
    DataFolder folder = DataFolder.claim(parent.path().resolve("redis"));
    RedisServer server = started(new RedisServer(folder, parent, 0));
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "close-redis"));
    return server;
  }

  private static RedisServer started(RedisServer server) {
    try {
      server.start();
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /** Starts again after {@link #stop}, on the same port, empty. */
  public synchronized void start() {
    stopOrphan(folder.path());
    if (port == 0) {
      port = startOnFreePort();
    } else {
      launch(port);
    }
  }

  private int startOnFreePort() {
    for (int attempt = 1; ; attempt++) {
      int free = ServerProcess.freePort();
      try {
        launch(free);
        return free;
      } catch (PortInUseException takenSince) {
        if (attempt == PORTS_TO_TRY) {
          throw new EmbeddedServerException("Redis found no free port", takenSince);
        }
      }
    }
  }

  private void launch(int wanted) {
    Path path = folder.path();
    Path configuration =
        DataFolder.write(
            path.resolve(CONFIGURATION),
            """
            bind %s
            port %d
            requirepass %s
            daemonize yes
            set-proc-title no
            dir "%s"
            pidfile "%s"
            logfile "%s"
            save ""
            appendonly no
            maxmemory-policy noeviction
            """
                .formatted(
                    ServerProcess.LOOPBACK,
                    wanted,
                    password,
                    path,
                    path.resolve(PID_FILE),
                    path.resolve(LOG)));
    try {
      Files.deleteIfExists(path.resolve(LOG));
      Process launcher =
          new ProcessBuilder(Binaries.redis().toString(), configuration.toString())
              .redirectErrorStream(true)
              .start();
      launcher.getOutputStream().close();
      String output =
          new String(launcher.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      if (launcher.waitFor() != 0) {
        throw new EmbeddedServerException("Redis did not start: " + output);
      }
      awaitAnswer(wanted);
    } catch (IOException e) {
      throw new EmbeddedServerException("Could not run Redis: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EmbeddedServerException("Interrupted while Redis started", e);
    }
  }

  private void awaitAnswer(int wanted) throws IOException, InterruptedException {
    Path logFile = folder.path().resolve(LOG);
    Instant limit = Instant.now().plus(TIME_TO_START);
    while (!answers(wanted)) {
      String logged = Files.exists(logFile) ? Files.readString(logFile) : "";
      if (logged.contains("Failed listening on port")) {
        throw new PortInUseException(wanted);
      }
      if (Instant.now().isAfter(limit)) {
        throw new EmbeddedServerException("Redis did not start (its log is %s)".formatted(logFile));
      }
      Thread.sleep(10);
    }
  }

  /** Whether this very server answers there: another one would not know the password. */
  private boolean answers(int wanted) {
    try (var socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.ofLiteral(ServerProcess.LOOPBACK), wanted), 1_000);
      socket.setSoTimeout(1_000);
      socket
          .getOutputStream()
          .write("AUTH %s\r\nPING\r\n".formatted(password).getBytes(StandardCharsets.UTF_8));
      var answers =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      return "+OK".equals(answers.readLine()) && "+PONG".equals(answers.readLine());
    } catch (IOException notYet) {
      return false;
    }
  }

  /** Stops it; what it held is gone. */
  public synchronized void stop() {
    stop(folder.path());
  }

  /** Stops the server that a killed JVM left behind in this folder, if there is one. */
  static void stopOrphan(Path folder) {
    if (process(folder).isPresent()) {
      log.info("Stopping a Redis that outlived its JVM");
      stop(folder);
    }
  }

  private static void stop(Path folder) {
    process(folder)
        .ifPresent(
            process -> {
              process.destroy();
              if (!ServerProcess.awaitEnd(process, SECONDS_TO_STOP)) {
                process.destroyForcibly();
                ServerProcess.awaitEnd(process, SECONDS_TO_STOP);
              }
            });
  }

  /** The process of the server; empty while it is stopped. */
  public Optional<ProcessHandle> process() {
    return process(folder.path());
  }

  private static Optional<ProcessHandle> process(Path folder) {
    return ServerProcess.find(folder.resolve(PID_FILE), folder.resolve(CONFIGURATION).toString());
  }

  /** As {@code REDIS_URL} wants it. */
  public String url() {
    return "redis://:%s@%s:%d".formatted(password, ServerProcess.LOOPBACK, port);
  }

  /** Stops it and gives the folder up. */
  @Override
  public synchronized void close() {
    try {
      stop();
    } finally {
      folder.close();
      if (throwAway != null) {
        throwAway.close();
      }
    }
  }
}
