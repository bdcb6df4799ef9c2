package dev.skreaver.query.postgres;

import dev.skreaver.platform.ConfigurationError;
import dev.skreaver.platform.PostgresAddress;
import dev.skreaver.platform.Settings;
import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.r2dbc.postgresql.client.SSLMode;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ValidationDepth;
import java.time.Duration;
import java.util.Map;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.core.env.Environment;
import org.springframework.r2dbc.core.DatabaseClient;
import reactor.core.publisher.Mono;
import reactor.pool.PooledRefMetadata;

/**
 * The two databases, which may be one. Each has a pool, and a source of single connections that
 * stay open to listen. The event store has a second pool for the long questions about the past:
 * however many are asked, readers of the present and projections find a connection.
 */
@Configuration(proxyBeanMethods = false)
public class DatabaseConfiguration {
  public static final String READ_MODEL = "readModel";
  public static final String EVENT_STORE = "eventStore";
  public static final String EVENT_STORE_PAST = "eventStorePast";
  public static final String READ_MODEL_DEDICATED = "readModelDedicated";
  public static final String EVENT_STORE_DEDICATED = "eventStoreDedicated";

  static final String READ_MODEL_URL = "READ_MODEL_DATABASE_URL";
  private static final String EVENT_STORE_URL = "EVENT_STORE_DATABASE_URL";
  private static final int EVENT_STORE_READERS = 8;
  private static final int PAST_READERS = 4;
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ACQUIRE = Duration.ofSeconds(5);
  private static final Duration STATEMENT = Duration.ofSeconds(60);
  private static final Duration IDLE = Duration.ofMinutes(10);
  private static final Duration LIFE = Duration.ofMinutes(30);
  private static final Duration EVICTION = Duration.ofMinutes(1);

  private static final Map<String, String> SESSION =
      // Of an instance that vanished in a transaction: others wait for the segments that it locks.
      Map.of("idle_in_transaction_session_timeout", "30s");

  private static final Map<String, String> EVENT_STORE_SESSION =
      Map.of(
          "idle_in_transaction_session_timeout",
          "30s",
          // A plan that was made while the newest partition was empty must hold when it is full.
          "enable_seqscan",
          "off");

  /** Migrates before anyone can get a connection. */
  @Bean(READ_MODEL_DEDICATED)
  ConnectionFactory readModelDedicated(Environment environment) {
    PostgresAddress address = PostgresAddress.from(environment, READ_MODEL_URL);
    ReadModelSchema.migrate(address);
    return connections(address, "skreaver-query", READ_MODEL_URL, SESSION);
  }

  @Bean(value = READ_MODEL, destroyMethod = "dispose")
  @Primary
  ConnectionPool readModel(
      @Qualifier(READ_MODEL_DEDICATED) ConnectionFactory connections, Environment environment) {
    return pool(connections, Settings.of(environment).number("DATABASE_POOL_SIZE", 20, 4, 500));
  }

  @Bean(EVENT_STORE_DEDICATED)
  ConnectionFactory eventStoreDedicated(Environment environment) {
    return connections(
        PostgresAddress.from(environment, EVENT_STORE_URL),
        "skreaver-query-events",
        EVENT_STORE_URL,
        EVENT_STORE_SESSION);
  }

  @Bean(value = EVENT_STORE, destroyMethod = "dispose")
  ConnectionPool eventStore(@Qualifier(EVENT_STORE_DEDICATED) ConnectionFactory connections) {
    return pool(connections, EVENT_STORE_READERS);
  }

  @Bean(value = EVENT_STORE_PAST, destroyMethod = "dispose")
  ConnectionPool eventStorePast(@Qualifier(EVENT_STORE_DEDICATED) ConnectionFactory connections) {
    return pool(connections, PAST_READERS);
  }

  @Bean("readModelClient")
  @Primary
  DatabaseClient readModelClient(@Qualifier(READ_MODEL) ConnectionFactory readModel) {
    return DatabaseClient.create(readModel);
  }

  @Bean("eventStoreClient")
  DatabaseClient eventStoreClient(@Qualifier(EVENT_STORE) ConnectionFactory eventStore) {
    return DatabaseClient.create(eventStore);
  }

  @Bean("pastClient")
  DatabaseClient pastClient(@Qualifier(EVENT_STORE_PAST) ConnectionFactory past) {
    return DatabaseClient.create(past);
  }

  private static ConnectionFactory connections(
      PostgresAddress address, String application, String variable, Map<String, String> session) {
    var configuration =
        PostgresqlConnectionConfiguration.builder()
            .host(address.host())
            .port(address.port())
            .database(address.database())
            .username(address.user())
            .password(address.password())
            .applicationName(application)
            .connectTimeout(CONNECT)
            .statementTimeout(STATEMENT)
            .options(session)
            .tcpKeepAlive(true);
    String sslMode = address.parameters().get("sslmode");
    if (sslMode != null) {
      try {
        configuration.sslMode(SSLMode.fromValue(sslMode));
      } catch (IllegalArgumentException e) {
        throw new ConfigurationError(variable, "has an unknown sslmode: " + sslMode);
      }
    }
    String rootCertificate = address.parameters().get("sslrootcert");
    if (rootCertificate != null) {
      try {
        configuration.sslRootCert(rootCertificate);
      } catch (IllegalArgumentException e) {
        throw new ConfigurationError(variable, "there is no sslrootcert " + rootCertificate);
      }
    }
    return new PostgresqlConnectionFactory(configuration.build());
  }

  private static ConnectionPool pool(ConnectionFactory connections, int size) {
    return new ConnectionPool(
        ConnectionPoolConfiguration.builder(connections)
            .initialSize(Math.min(2, size))
            .maxSize(size)
            .maxAcquireTime(ACQUIRE)
            // A second attempt would wait as long again, behind all who came later.
            .acquireRetry(0)
            .maxCreateConnectionTime(CONNECT)
            .backgroundEvictionInterval(EVICTION)
            .customizer(pool -> pool.evictionPredicate(DatabaseConfiguration::isSpent))
            .build());
  }

  /** Also one that the server closed while it was idle: whoever got it would be refused. */
  private static boolean isSpent(Connection connection, PooledRefMetadata use) {
    return use.idleTime() >= IDLE.toMillis()
        || use.lifeTime() >= LIFE.toMillis()
        || !Mono.from(connection.validate(ValidationDepth.LOCAL)).toFuture().getNow(false);
  }
}
