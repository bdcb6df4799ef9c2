package dev.skreaver.command.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StoreSequencesTest {
  private static final String CHECK = "sequence-check";
  private static final String SEQUENTIAL_SCANS =
      "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'command_ledger'";
  private static final String INDEX_SCANS =
      "SELECT idx_scan FROM pg_stat_user_tables WHERE relname = 'command_ledger'";
  private static final String INDEX_ENTRIES =
      "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'command_ledger'";
  private static final String CHECKING =
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = '%s'".formatted(CHECK);

  /** Times and positions as after a restore: they do not tell which number is the greatest. */
  private static final String FILL =
      """
      INSERT INTO event_store.command_ledger (position, command_id, time, tenant_id, outcome,
        command, agent_id, subject, authentication, request_id, correlation_id, error)
      SELECT 20000 - n, gen_random_uuid(), now(), n % 50, 'refused', 'resume', 'agent', 'ada',
        'jwt', 'request', 'correlation', 'illegal_transition'
      FROM generate_series(1, 20000) AS n
      """;

  @Test
  void the_check_of_a_start_does_not_read_the_ledger() throws Exception {
    Database database = PostgresServer.shared().freshDatabase();
    try (HikariDataSource store = EventStoreDatabase.pool(database);
        Connection own = store.getConnection()) {
      EventStoreSchema.migrate(store);
      execute(own, FILL);
      execute(own, "VACUUM ANALYZE event_store.command_ledger");
      execute(own, "SELECT pg_stat_force_next_flush()");
      long sequential = number(own, SEQUENTIAL_SCANS);
      long scans = number(own, INDEX_SCANS);
      long entries = number(own, INDEX_ENTRIES);

      StoreSequences.repair(connectionsOfTheirOwn(database));
      awaitCounted(own);

      assertThat(number(own, SEQUENTIAL_SCANS)).isEqualTo(sequential);
      assertThat(number(own, INDEX_SCANS)).isGreaterThan(scans);
      assertThat(number(own, INDEX_ENTRIES) - entries).isLessThan(10);
    }
  }

  @Test
  void the_ledger_goes_on_after_its_greatest_number_wherever_that_stands() throws Exception {
    try (HikariDataSource store = EventStoreDatabase.migrated();
        Connection own = store.getConnection()) {
      execute(own, FILL);
      execute(own, "SELECT setval('event_store.command_ledger_number_seq', 7)");

      StoreSequences.repair(store);

      assertThat(number(own, "SELECT nextval('event_store.command_ledger_number_seq')"))
          .isEqualTo(20_001);
    }
  }

  /** One for each check, which is counted when it ends. */
  private static DataSource connectionsOfTheirOwn(Database database) {
    var dataSource = new PGSimpleDataSource();
    dataSource.setUrl(database.jdbcUrl());
    dataSource.setUser(database.user());
    dataSource.setPassword(database.password());
    dataSource.setApplicationName(CHECK);
    return dataSource;
  }

  private static void awaitCounted(Connection connection) {
    await().atMost(Duration.ofSeconds(60)).until(() -> number(connection, CHECKING) == 0);
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static long number(Connection connection, String query) throws SQLException {
    try (var statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }
}
