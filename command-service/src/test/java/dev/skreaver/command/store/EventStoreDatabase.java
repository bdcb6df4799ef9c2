package dev.skreaver.command.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;

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
    var config = new HikariConfig();
    config.setJdbcUrl(database.jdbcUrl());
    config.setUsername(database.user());
    config.setPassword(database.password());
    config.setMaximumPoolSize(16);
    config.setConnectionTimeout(30_000);
    return new HikariDataSource(config);
  }
}
