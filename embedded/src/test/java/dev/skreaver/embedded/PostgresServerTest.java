package dev.skreaver.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostgresServerTest {
  @TempDir Path folder;

  @Test
  void it_keeps_its_data_over_a_restart_and_is_durable() throws SQLException {
    try (var server = PostgresServer.start(folder)) {
      execute(server.database(), "CREATE TABLE kept AS SELECT 42 AS answer");
    }
    try (var server = PostgresServer.start(folder)) {
      assertThat(ask(server.database(), "SELECT answer FROM kept")).isEqualTo("42");
      assertThat(ask(server.database(), "SHOW fsync")).isEqualTo("on");
      assertThat(ask(server.database(), "SHOW synchronous_commit")).isEqualTo("on");
      assertThat(ask(server.database(), "SHOW full_page_writes")).isEqualTo("on");
    }
  }

  @Test
  void it_opens_only_with_the_password_and_only_on_loopback() throws Exception {
    try (var server = PostgresServer.start(folder)) {
      Database database = server.database();
      assertThatThrownBy(
              () -> DriverManager.getConnection(database.jdbcUrl(), database.user(), "guess"))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("password authentication failed");
      assertThat(ask(database, "SHOW listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(passwordFile())))
          .isEqualTo("rw-------");
    }
  }

  private Path passwordFile() {
    return folder.resolve("password");
  }

  @Test
  void a_folder_in_use_is_refused() {
    try (var server = PostgresServer.start(folder)) {
      assertThatThrownBy(() -> PostgresServer.start(folder))
          .isInstanceOf(EmbeddedServerException.class)
          .hasMessageContaining("in use by a running instance");
      assertThat(server.process()).isPresent();
    }
  }

  @Test
  void a_folder_of_another_version_is_refused() throws IOException {
    PostgresServer.start(folder).close();
    Files.writeString(folder.resolve("data/PG_VERSION"), "17\n");

    assertThatThrownBy(() -> PostgresServer.start(folder))
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessageContaining("was written by PostgreSQL 17, and this is PostgreSQL 18");
  }

  @Test
  void a_busy_port_is_refused() throws IOException {
    try (var busy = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      assertThatThrownBy(() -> PostgresServer.start(folder, busy.getLocalPort()))
          .isInstanceOf(PortInUseException.class)
          .hasMessageContaining("Port " + busy.getLocalPort() + " is in use");
    }
  }

  @Test
  void a_server_that_outlived_its_jvm_is_stopped_and_nothing_is_lost() throws Exception {
    long orphan = killedJvm(folder, PostgresServer.class);
    assertThat(ProcessHandle.of(orphan)).hasValueSatisfying(ServerProcess::runs);

    try (var server = PostgresServer.start(folder)) {
      assertThat(ProcessHandle.of(orphan).filter(ServerProcess::runs)).isEmpty();
      assertThat(server.process().map(ProcessHandle::pid))
          .hasValueSatisfying(pid -> assertThat(pid).isNotEqualTo(orphan));
      assertThat(ask(server.database(), "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void the_id_of_another_programs_process_is_no_obstacle() throws Exception {
    PostgresServer.start(folder).close();
    Path pidFile = folder.resolve("data/postmaster.pid");
    Files.writeString(pidFile, ProcessHandle.current().pid() + "\n");

    try (var server = PostgresServer.start(folder)) {
      assertThat(ask(server.database(), "SELECT 1")).isEqualTo("1");
    }
  }

  @Test
  void it_starts_again_where_it_was_after_a_stop() throws SQLException {
    try (var server = PostgresServer.throwAway()) {
      Database database = server.freshDatabase();
      execute(database, "CREATE TABLE kept AS SELECT 42 AS answer");
      server.stop();
      assertThat(server.process()).isEmpty();

      server.start();

      assertThat(ask(database, "SELECT answer FROM kept")).isEqualTo("42");
    }
  }

  @Test
  void each_fresh_database_is_empty() throws SQLException {
    execute(PostgresServer.shared().freshDatabase(), "CREATE TABLE mine()");

    execute(PostgresServer.shared().freshDatabase(), "CREATE TABLE mine()");
  }

  @Test
  void a_throw_away_server_leaves_nothing_behind() throws SQLException {
    ProcessHandle process;
    Path data;
    try (var server = PostgresServer.throwAway()) {
      process = server.process().orElseThrow();
      data = Path.of(ask(server.database(), "SHOW data_directory"));
      assertThat(data).exists();
    }
    assertThat(ServerProcess.runs(process)).isFalse();
    assertThat(data).doesNotExist();
  }

  /**
   * Starts a server of this class on the folder in a JVM, kills the JVM, tells the server's pid.
   */
  static long killedJvm(Path folder, Class<?> server) throws Exception {
    Process jvm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OrphanMaker.class.getName(),
                server.getSimpleName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (var output = jvm.inputReader()) {
      String pid = "";
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        if (line.startsWith("server ")) {
          pid = line.substring("server ".length());
          break;
        }
      }
      jvm.destroyForcibly().waitFor();
      return Long.parseLong(pid);
    }
  }

  private static void execute(Database database, String sql) throws SQLException {
    try (Connection connection = open(database);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String ask(Database database, String sql) throws SQLException {
    try (Connection connection = open(database);
        var statement = connection.createStatement();
        var answer = statement.executeQuery(sql)) {
      answer.next();
      return answer.getString(1);
    }
  }

  private static Connection open(Database database) throws SQLException {
    return DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
  }
}
