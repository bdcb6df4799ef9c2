package dev.skreaver.command.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.time.Duration;

/** Connection pools on databases of their own, on one real PostgreSQL. */
public final class EventStoreDatabase {
  private EventStoreDatabase() {}

  public static HikariDataSource empty() {
    return pool(PostgresServer.shared().freshDatabase());
  }

  public static HikariDataSource migrated() {
    HikariDataSource dataSource = empty();
    EventStoreSchema.migrate(dataSource);
    return dataSource;
  }

  public static HikariDataSource pool(Database database) {
    return pool(database, Duration.ofSeconds(30));
  }

  /**
   * @param patience how long a caller waits for a connection; the pool takes no later change of it
   *     to heart at once
   */
  static HikariDataSource pool(Database database, Duration patience) {
    var config = new HikariConfig();
    config.setJdbcUrl(database.jdbcUrl());
    config.setUsername(database.user());
    config.setPassword(database.password());
    config.setMaximumPoolSize(16);
    config.setConnectionTimeout(patience.toMillis());
    return new HikariDataSource(config);
  }
}
