package dev.skreaver.query;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import dev.skreaver.query.fixture.CommandNode;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real standby that follows by streaming replication, and a primary that is lost. */
class FailoverTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final AgentKey AGENT = agent(ACME, "moved");

  @TempDir Path folder;

  @Test
  void on_a_promoted_standby_positions_go_on_and_cursors_keep_their_meaning() throws Exception {
    Path standbyFolder = folder.resolve("standby");
    try (PostgresServer primary = PostgresServer.start(folder.resolve("primary"))) {
      Stores before = Stores.start(primary);
      CommandNode commands = CommandNode.start(before);
      QueryNode node = QueryNode.start(before);
      commands.send(create(AGENT), "ada", "c");
      baseBackup(primary.database(), folder.resolve("primary"), standbyFolder);

      try (PostgresServer standby = PostgresServer.start(standbyFolder)) {
        commands.send(new AgentCommand.Pause(AGENT, "before"), "ada", "c");
        Receipt last = commands.send(new AgentCommand.Resume(AGENT), "ada", "c");
        assertThat(get(node, last.position())).isEqualTo(last.agent());
        Database copy = standby.database(before.database().name());
        await()
            .atMost(LONG)
            .until(
                () ->
                    text(copy, "SELECT max(position) FROM event_store.event")
                        .equals(String.valueOf(last.position())));
        List<RecordedEvent> history = live(node, 0, last.position());

        node.close();
        commands.close();
        before.close();
        assertThat(primary.process().orElseThrow().destroyForcibly()).isTrue();
        text(copy, "SELECT pg_promote(true, 60)");

        try (Stores after = Stores.on(copy);
            CommandNode promoted = CommandNode.start(after);
            QueryNode reader = QueryNode.start(after)) {
          Receipt paused = promoted.send(new AgentCommand.Pause(AGENT, "after"), "ada", "c");
          assertThat(paused.position()).isGreaterThan(last.position());
          assertThat(paused.agent().version()).isEqualTo(last.agent().version() + 1);

          assertThat(live(reader, 0, last.position())).isEqualTo(history);
          assertThat(live(reader, last.position(), paused.position()))
              .singleElement()
              .satisfies(
                  event -> {
                    assertThat(event.position()).isEqualTo(paused.position());
                    assertThat(event.previous()).isEqualTo(last.position());
                  });
          assertThat(get(reader, paused.position())).isEqualTo(paused.agent());
        }
      }
    }
  }

  private static AgentCommand create(AgentKey agent) {
    return new AgentCommand.Create(
        agent,
        new AgentSpec(
            AgentType.BuiltIn.ECHO,
            null,
            Map.of(),
            Map.of(),
            AgentLimits.defaultsFor(AgentType.BuiltIn.ECHO)));
  }

  private static Object get(QueryNode node, long position) {
    return Objects.requireNonNull(
            node.agents().get(new AgentQueries.Get(AGENT, position)).block(LONG))
        .agent();
  }

  private static List<RecordedEvent> live(QueryNode node, long after, long last) {
    return node.events()
        .live(after)
        .takeUntil(event -> event.position() >= last)
        .collectList()
        .blockOptional(LONG)
        .orElseThrow();
  }

  /** What {@code pg_basebackup} does; it does not come with the server for tests. */
  private static void baseBackup(Database primary, Path from, Path to) throws Exception {
    try (Connection connection = connect(primary);
        Statement statement = connection.createStatement()) {
      statement.execute("SELECT pg_backup_start('standby', true)");
      copy(from, to);
      Path data = to.resolve("data");
      try (ResultSet label =
          statement.executeQuery("SELECT labelfile FROM pg_backup_stop(false)")) {
        label.next();
        Files.writeString(data.resolve("backup_label"), label.getString(1));
      }
      Files.createFile(data.resolve("standby.signal"));
      Files.writeString(
          data.resolve("postgresql.auto.conf"),
          "primary_conninfo = 'host=%s port=%d user=%s password=%s'%n"
              .formatted(primary.host(), primary.port(), primary.user(), primary.password()),
          StandardOpenOption.APPEND);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Set<String> ownFiles = Set.of("postmaster.pid", "postmaster.opts", "lock");
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(
                folder, to.resolve(from.relativize(folder)), StandardCopyOption.COPY_ATTRIBUTES);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (!ownFiles.contains(file.getFileName().toString())) {
              try {
                Files.copy(
                    file, to.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
              } catch (NoSuchFileException removedMeanwhile) {
                // The log that is streamed holds what became of it.
              }
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure) {
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static String text(Database database, String query) throws SQLException {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return String.valueOf(row.getString(1));
    }
  }

  private static Connection connect(Database database) throws SQLException {
    return DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
  }
}
