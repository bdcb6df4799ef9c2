package dev.skreaver.command.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.platform.ConfigurationError;
import dev.skreaver.platform.PostgresAddress;
import dev.skreaver.platform.Settings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.axonframework.eventsourcing.eventstore.EmbeddedEventStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The event store of this process: its own connections, its schema, and Axon's way into it. */
@Configuration(proxyBeanMethods = false)
class EventStoreConfiguration {
  private static final Logger LOG = LoggerFactory.getLogger(EventStoreConfiguration.class);
  static final String DATABASE_VARIABLE = "EVENT_STORE_DATABASE_URL";
  private static final int POOL_SIZE = 10;

  /** What waits longer for a connection is refused: the caller has a better use of its time. */
  private static final long ACQUIRE_MILLIS = 5_000;

  /** A statement ends before its caller gives up; a lock held by a dead instance goes with it. */
  private static final String TIMEOUTS =
      "-c statement_timeout=30s -c lock_timeout=20s -c idle_in_transaction_session_timeout=10s";

  /** A plan that was made while the newest partition was empty must still hold when it is full. */
  private static final String PLANS = " -c enable_seqscan=off";

  /** A second one would only halve the groups: both would wait for the same lock. */
  private static final int LANES = 1;

  private static final int PARTITION_SIZE = 50_000_000;
  private static final int SMALLEST_PARTITION = 10_000;
  private static final int LARGEST_PARTITION = 1_000_000_000;

  private static final long PURGE_MINUTES = 10;

  @Bean(destroyMethod = "close")
  HikariDataSource eventStoreDataSource(Environment environment) {
    PostgresAddress address = PostgresAddress.from(environment, DATABASE_VARIABLE);
    var config = new HikariConfig();
    config.setPoolName("event-store");
    config.setJdbcUrl(address.jdbcUrl());
    config.setUsername(address.user());
    config.setPassword(address.password());
    config.setMaximumPoolSize(
        Settings.of(environment).number("DATABASE_POOL_SIZE", POOL_SIZE, 4, 1_000));
    config.setConnectionTimeout(ACQUIRE_MILLIS);
    config.setInitializationFailTimeout(-1);
    config.addDataSourceProperty("ApplicationName", "skreaver-command-service");
    config.addDataSourceProperty("options", TIMEOUTS + PLANS);
    config.addDataSourceProperty("tcpKeepAlive", "true");
    config.addDataSourceProperty("connectTimeout", "5");
    // Longer than any statement: it only ends the wait for a server that is gone.
    config.addDataSourceProperty("socketTimeout", "60");
    var dataSource = new HikariDataSource(config);
    try (Connection connection = dataSource.getConnection()) {
      LOG.info(
          "the event store is in {}, PostgreSQL {}",
          address,
          connection.getMetaData().getDatabaseProductVersion());
    } catch (SQLException e) {
      dataSource.close();
      throw ConfigurationError.unusable(DATABASE_VARIABLE, address, e);
    }
    // A migration may take longer than any statement of a command.
    EventStoreSchema.migrate(OwnConnections.patient(environment, "skreaver-migration"));
    repairSequences(dataSource);
    return dataSource;
  }

  private static void repairSequences(HikariDataSource dataSource) {
    try {
      StoreSequences.repair(dataSource);
    } catch (SQLException e) {
      throw new IllegalStateException(
          "the event store's sequences cannot be checked: " + e.getMessage(), e);
    }
  }

  private static int receiptHours(Environment environment) {
    return Settings.of(environment).number("SKREAVER_IDEMPOTENCY_HOURS", 24, 1, 24 * 30);
  }

  @Bean
  @ConditionalOnMissingBean
  EventFormat eventFormat() {
    return EventFormat.instance();
  }

  @Bean(destroyMethod = "close")
  EventPartitions eventPartitions(HikariDataSource eventStoreDataSource, Environment environment)
      throws SQLException {
    int size =
        Settings.of(environment)
            .number(
                "SKREAVER_EVENT_PARTITION_SIZE",
                PARTITION_SIZE,
                SMALLEST_PARTITION,
                LARGEST_PARTITION);
    return new EventPartitions(eventStoreDataSource, size).start();
  }

  @Bean(destroyMethod = "close")
  PostgresEventStorageEngine eventStorageEngine(
      HikariDataSource eventStoreDataSource, EventFormat format, Environment environment)
      throws SQLException {
    return new PostgresEventStorageEngine(
        eventStoreDataSource, format.chain(), LANES, receiptHours(environment));
  }

  @Bean(destroyMethod = "shutDown")
  EmbeddedEventStore eventStore(PostgresEventStorageEngine engine, SnapshotFormat snapshots) {
    return new SnapshottingEventStore(engine, snapshots);
  }

  @Bean
  KeyDestruction keyDestruction(
      HikariDataSource eventStoreDataSource, PostgresEventStorageEngine engine) {
    return new KeyDestruction(eventStoreDataSource, engine);
  }

  @Bean
  CommandReceipts commandReceipts(HikariDataSource eventStoreDataSource, Environment environment) {
    return new CommandReceipts(eventStoreDataSource, receiptHours(environment));
  }

  @Bean(destroyMethod = "shutdownNow")
  ScheduledExecutorService receiptPurge(CommandReceipts receipts) {
    ScheduledExecutorService purge =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("receipt-purge").factory());
    ScheduledFuture<?> _ =
        purge.scheduleWithFixedDelay(
            () -> {
              try {
                int purged = receipts.purge();
                if (purged > 0) {
                  LOG.info("{} expired command receipts were removed", purged);
                }
              } catch (RuntimeException e) {
                LOG.warn("expired command receipts could not be removed: {}", e.getMessage());
              }
            },
            1,
            PURGE_MINUTES,
            TimeUnit.MINUTES);
    return purge;
  }

  @Bean
  EventStoreReadiness eventStoreReadiness(HikariDataSource eventStoreDataSource) {
    return new EventStoreReadiness(eventStoreDataSource);
  }
}
