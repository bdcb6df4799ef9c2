package dev.skreaver.query.postgres;

import dev.skreaver.platform.ConfigurationError;
import dev.skreaver.platform.PostgresAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.flywaydb.core.Flyway;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The schema {@code read_model}, brought up to date by the migrations in {@code db/read_model}. */
public final class ReadModelSchema {
  private static final long MIGRATION_LOCK = 0x736b_7265_7265_6164L;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Logger log = LoggerFactory.getLogger(ReadModelSchema.class);

  private ReadModelSchema() {}

  /**
   * Any number of instances may start at once: they migrate one after another. Waits a while for a
   * database that is not there yet.
   *
   * <p>Flyway itself locks its history table, but not the moment in which the schema and that table
   * come into being.
   */
  public static void migrate(PostgresAddress address) {
    try (Connection connection = connect(address);
        Statement statement = connection.createStatement()) {
      statement.execute("SET lock_timeout = '120s'");
      statement.execute("SELECT pg_advisory_lock(" + MIGRATION_LOCK + ")");
      Flyway.configure()
          .dataSource(address.jdbcUrl(), address.user(), address.password())
          .schemas("read_model")
          .locations("classpath:db/read_model")
          .load()
          .migrate();
    } catch (SQLException e) {
      throw ConfigurationError.unusable(DatabaseConfiguration.READ_MODEL_URL, address, e);
    }
  }

  private static Connection connect(PostgresAddress address) throws SQLException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return DriverManager.getConnection(address.jdbcUrl(), address.user(), address.password());
      } catch (SQLException e) {
        if (System.nanoTime() - end >= 0 || !worthWaiting(e)) {
          throw e;
        }
        log.warn("Waiting for the read model at {}: {}", address, e.getMessage());
        try {
          Thread.sleep(Duration.ofSeconds(1));
        } catch (InterruptedException stopped) {
          Thread.currentThread().interrupt();
          throw e;
        }
      }
    }
  }

  /** No connection, or a server that is starting. */
  private static boolean worthWaiting(SQLException e) {
    String state = e.getSQLState();
    return state != null && (state.startsWith("08") || state.startsWith("57"));
  }
}
