package dev.skreaver.command.store;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import dev.skreaver.platform.health.ReadinessCheck;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import reactor.core.publisher.Mono;

/** Whether events could be appended: the database answers and takes writes. */
final class EventStoreReadiness implements ReadinessCheck {
  private static final String LOOK =
      """
      SELECT pg_is_in_recovery(), (SELECT coalesce(max(position), 0) FROM event_store.event)
      """;

  private final HikariDataSource dataSource;

  EventStoreReadiness(HikariDataSource dataSource) {
    this.dataSource = dataSource;
  }

  @Override
  public String name() {
    return "event_store";
  }

  @Override
  public Mono<Finding> check() {
    return Mono.fromFuture(
        () -> CompletableFuture.supplyAsync(this::look, task -> Thread.ofVirtual().start(task)),
        true);
  }

  private Finding look() {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(LOOK)) {
      row.next();
      Finding finding =
          row.getBoolean(1)
              ? Finding.unhealthy("the database is a read-only standby")
              : Finding.healthy();
      return withPool(finding.with("position", row.getLong(2)));
    } catch (SQLException e) {
      return withPool(Finding.unhealthy("the database does not answer"));
    }
  }

  private Finding withPool(Finding finding) {
    HikariPoolMXBean pool = dataSource.getHikariPoolMXBean();
    return finding
        .with("connections_active", pool.getActiveConnections())
        .with("connections_waiting", pool.getThreadsAwaitingConnection());
  }
}
