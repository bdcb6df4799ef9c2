package dev.skreaver.command.store;

import dev.skreaver.platform.PostgresAddress;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.core.env.Environment;

/**
 * Connections to the event store that live until they are closed: for those who lead as long as
 * theirs lives, which a pool would retire.
 */
public final class OwnConnections {
  private static final int CONNECT_SECONDS = 5;
  private static final int SOCKET_SECONDS = 60;

  private OwnConnections() {}

  /**
   * @param name under which PostgreSQL shows them
   */
  public static DataSource from(Environment environment, String name) {
    PGSimpleDataSource source = patient(environment, name);
    source.setSocketTimeout(SOCKET_SECONDS);
    return source;
  }

  /** Connections that wait for an answer as long as it takes. */
  static PGSimpleDataSource patient(Environment environment, String name) {
    PostgresAddress address =
        PostgresAddress.from(environment, EventStoreConfiguration.DATABASE_VARIABLE);
    var source = new PGSimpleDataSource();
    source.setURL(address.jdbcUrl());
    source.setUser(address.user());
    source.setPassword(address.password());
    source.setApplicationName(name);
    source.setTcpKeepAlive(true);
    source.setConnectTimeout(CONNECT_SECONDS);
    return source;
  }
}
