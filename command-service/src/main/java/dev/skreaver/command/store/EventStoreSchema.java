package dev.skreaver.command.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/**
 * The schema {@code event_store}, brought up to date by the migrations in {@code db/event_store}.
 */
public final class EventStoreSchema {
  private static final long MIGRATION_LOCK = 0x736b_7265_6d69_6772L;

  private EventStoreSchema() {}

  /**
   * Any number of instances may start at once: they migrate one after another.
   *
   * <p>Flyway itself locks its history table, but not the moment in which the schema and that table
   * come into being.
   */
  public static void migrate(DataSource dataSource) {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET lock_timeout = 0");
      statement.execute("SET statement_timeout = 0");
      statement.execute("SELECT pg_advisory_lock(" + MIGRATION_LOCK + ")");
      try {
        Flyway.configure()
            .dataSource(dataSource)
            .schemas("event_store")
            .locations("classpath:db/event_store")
            .initSql("SET statement_timeout = 0; SET lock_timeout = '120s'")
            .load()
            .migrate();
      } finally {
        statement.execute("SELECT pg_advisory_unlock(" + MIGRATION_LOCK + ")");
        statement.execute("RESET lock_timeout");
        statement.execute("RESET statement_timeout");
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the event store cannot be migrated: " + e.getMessage(), e);
    }
  }
}
