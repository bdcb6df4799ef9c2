package dev.skreaver.standalone;

import dev.skreaver.api.event.EventFormat;
import dev.skreaver.command.agent.AgentSnapshots;
import dev.skreaver.command.archive.Archive;
import dev.skreaver.command.archive.ArchiveException;
import dev.skreaver.command.archive.Manifest;
import dev.skreaver.command.store.EventStoreSchema;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.embedded.DataFolder;
import dev.skreaver.embedded.PostgresServer;
import dev.skreaver.platform.ConfigurationError;
import dev.skreaver.platform.PostgresAddress;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.core.env.StandardEnvironment;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Takes old events out of the database and back: of the instance on a data folder while it is
 * stopped, or of the installation that {@code DATABASE_URL} names.
 */
@Command(
    name = "archive",
    description = "Takes old partitions of events out of the database into files, and back.",
    sortOptions = false)
final class ArchiveCommand implements Callable<Integer> {
  private static final long BEHIND = 100_000;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it
  private boolean help;

  /** What is to be done. */
  enum Step {
    LIST,
    EXPORT,
    DETACH,
    RESTORE
  }

  @Parameters(
      index = "0",
      paramLabel = "STEP",
      description =
          "list; export: write a full partition into a file; detach: remove an exported one, the"
              + " oldest, from the database; restore: put one back.")
  @SuppressWarnings("NullAway.Init") // set by picocli
  private Step step;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "FIRST",
      description = "The first position of the partition, as list shows it.")
  private @Nullable Long first;

  @Option(
      names = "--folder",
      paramLabel = "DIR",
      description = "Where the files are. Default: ${DEFAULT-VALUE}.")
  private Path folder = Path.of("archive");

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "The data folder of a stopped instance. Default: what EVENT_STORE_DATABASE_URL or"
              + " DATABASE_URL names.")
  private @Nullable Path data;

  @Option(
      names = "--consumed",
      paramLabel = "POSITION",
      description = "Up to where all projections are, if the read models are in another database.")
  private @Nullable Long consumed;

  private ArchiveCommand() {}

  @Override
  public Integer call() throws SQLException {
    Logs.off();
    Path stopped = data;
    if (stopped == null) {
      return on(dataSource(address()));
    }
    if (!Files.isDirectory(stopped.resolve("postgres"))) {
      throw new picocli.CommandLine.ParameterException(
          spec.commandLine(), "there is no data of an instance in " + stopped);
    }
    try (var claimed = DataFolder.claim(stopped);
        var server = PostgresServer.start(claimed.path().resolve("postgres"))) {
      var source = new PGSimpleDataSource();
      source.setUrl(server.database().jdbcUrl());
      source.setUser(server.database().user());
      source.setPassword(server.database().password());
      return on(source);
    }
  }

  private PostgresAddress address() {
    try {
      return PostgresAddress.from(new StandardEnvironment(), "EVENT_STORE_DATABASE_URL");
    } catch (ConfigurationError e) {
      throw new picocli.CommandLine.ParameterException(
          spec.commandLine(), e.getMessage() + "; or give --data");
    }
  }

  private static DataSource dataSource(PostgresAddress address) {
    var source = new PGSimpleDataSource();
    source.setUrl(address.jdbcUrl());
    source.setUser(address.user());
    source.setPassword(address.password());
    return source;
  }

  private Integer on(DataSource source) throws SQLException {
    EventStoreSchema.migrate(source);
    var archive = new Archive(source, folder);
    PrintWriter out = spec.commandLine().getOut();
    try {
      switch (step) {
        case LIST -> archive.list().forEach(partition -> out.println(line(partition)));
        case EXPORT -> out.println(line("exported", archive.export(first())));
        case DETACH -> out.println(line("detached", detach(source, archive)));
        case RESTORE -> out.println(line("restored", archive.restore(first())));
      }
      out.flush();
      return 0;
    } catch (ArchiveException e) {
      PrintWriter err = spec.commandLine().getErr();
      err.printf("skreaver: %s%n", e.getMessage());
      err.flush();
      return 1;
    }
  }

  private Manifest detach(DataSource source, Archive archive) throws SQLException {
    try (var engine = new PostgresEventStorageEngine(source, EventFormat.upcasters(), 1, 24)) {
      return archive.detach(
          first(),
          new Archive.Safety(
              AgentSnapshots.format(),
              agent -> AgentSnapshots.take(engine, agent),
              consumed,
              BEHIND));
    }
  }

  private long first() {
    if (first == null) {
      throw new picocli.CommandLine.ParameterException(
          spec.commandLine(), "say the first position of the partition");
    }
    return first;
  }

  private static String line(Archive.Partition partition) {
    return "%d %d %s"
        .formatted(
            partition.firstPosition(),
            partition.lastPosition(),
            partition.archived() ? "archived" : partition.full() ? "full" : "open");
  }

  private static String line(String done, Manifest manifest) {
    return "%s %d to %d: %d events, %s, SHA-256 %s"
        .formatted(
            done,
            manifest.firstPosition(),
            manifest.lastPosition(),
            manifest.events(),
            manifest.file(),
            manifest.sha256());
  }
}
