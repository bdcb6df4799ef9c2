package dev.skreaver.embedded;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A real PostgreSQL on loopback, with a password that is drawn once per data folder.
 *
 * <p>It runs in a session of its own, so that Ctrl-C at the terminal reaches only the JVM, which
 * then stops it in order. A JVM that is killed leaves it running: the next start on the same folder
 * finds it and stops it first.
 */
public final class PostgresServer implements AutoCloseable {
  private static final List<String> SETTINGS =
      List.of(
          "listen_addresses=" + ServerProcess.LOOPBACK,
          "unix_socket_directories=",
          "max_connections=200",
          "timezone=UTC",
          "log_timezone=UTC",
          "jit=off");

  /** A commit survives the loss of power. */
  private static final List<String> DURABLE =
      List.of("fsync=on", "synchronous_commit=on", "full_page_writes=on");

  /** For data that is thrown away: a commit survives the loss of a process only. */
  private static final List<String> FAST =
      List.of("fsync=off", "synchronous_commit=off", "full_page_writes=off");

  private static final String DATABASE = "skreaver";
  private static final int PORTS_TO_TRY = 10;
  private static final AtomicInteger FRESH_DATABASES = new AtomicInteger();
  private static @Nullable PostgresServer shared;

  private final DataFolder folder;
  private final @Nullable ThrowAwayFolder throwAway;
  private final PostgresCluster cluster;
  private final List<String> settings;
  private final String password;
  private int port;

  private PostgresServer(
      DataFolder folder, @Nullable ThrowAwayFolder throwAway, List<String> safety, int port) {
    this.folder = folder;
    this.throwAway = throwAway;
    this.cluster = new PostgresCluster(folder.path());
    this.settings = new ArrayList<>(SETTINGS);
    this.settings.addAll(safety);
    this.password = folder.secret("password");
    this.port = port;
  }

  /** Starts in this folder, durable, on a free port; the data of the last run is there again. */
  public static PostgresServer start(Path folder) {
    return start(folder, 0);
  }

  /**
   * @param port 0 for a free one
   * @throws EmbeddedServerException if the port or the folder is in use, or the folder cannot be
   *     written or is of another version of PostgreSQL
   */
  public static PostgresServer start(Path folder, int port) {
    return started(new PostgresServer(DataFolder.claim(folder), null, DURABLE, port));
  }

  /** Starts in a folder that is deleted when the server is closed, at the JVM's end at latest. */
  public static PostgresServer throwAway() {
    ThrowAwayFolder parent = ThrowAwayFolder.create();
    DataFolder folder = DataFolder.claim(parent.path().resolve("postgres"));
    PostgresServer server = started(new PostgresServer(folder, parent, FAST, 0));
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "close-postgres"));
    return server;
  }

  /** The one throw-away server of this JVM, for tests. Nobody needs to close it. */
  public static synchronized PostgresServer shared() {
    if (shared == null) {
      shared = throwAway();
    }
    return shared;
  }

  private static PostgresServer started(PostgresServer server) {
    try {
      server.start();
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /** Starts again after {@link #stop}, on the same port. */
  public synchronized void start() {
    cluster.refuseAnotherVersion();
    PostgresCluster.stopOrphan(folder.path());
    cluster.create(password);
    if (port == 0) {
      port = startOnFreePort();
    } else {
      cluster.start(port, settings);
    }
    database(DATABASE);
  }

  private int startOnFreePort() {
    for (int attempt = 1; ; attempt++) {
      int free = ServerProcess.freePort();
      try {
        cluster.start(free, settings);
        return free;
      } catch (PortInUseException takenSince) {
        if (attempt == PORTS_TO_TRY) {
          throw new EmbeddedServerException("PostgreSQL found no free port", takenSince);
        }
      }
    }
  }

  /** Stops in order: open transactions are rolled back. */
  public synchronized void stop() {
    cluster.stop();
  }

  /** The process of the server; empty while it is stopped. */
  public Optional<ProcessHandle> process() {
    return cluster.process();
  }

  /** The database {@code skreaver}, which is always there. */
  public Database database() {
    return at(DATABASE);
  }

  /** The database of this name, created if it is not there. */
  public Database database(String name) {
    if (!name.matches("[a-z_][a-z0-9_]{0,62}")) {
      throw new IllegalArgumentException("not a plain database name: " + name);
    }
    Database postgres = at("postgres");
    try (Connection connection =
            DriverManager.getConnection(postgres.jdbcUrl(), postgres.user(), postgres.password());
        var find = connection.prepareStatement("SELECT FROM pg_database WHERE datname = ?");
        var create = connection.createStatement()) {
      find.setString(1, name);
      if (!find.executeQuery().next()) {
        create.execute("CREATE DATABASE " + name);
      }
    } catch (SQLException e) {
      throw new EmbeddedServerException(
          "PostgreSQL did not give the database %s: %s".formatted(name, e.getMessage()), e);
    }
    return at(name);
  }

  /** A new and empty database: one for each test class keeps tests apart. */
  public Database freshDatabase() {
    return database("fresh_" + FRESH_DATABASES.incrementAndGet());
  }

  private Database at(String name) {
    return new Database(ServerProcess.LOOPBACK, port, name, PostgresCluster.SUPERUSER, password);
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
