package dev.skreaver.command.archive;

import dev.skreaver.api.json.WireJson;
import dev.skreaver.command.store.SnapshotFormat;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * Takes the oldest partition of the event store out of the database into a file, and back. Each
 * step refuses with an {@link ArchiveException} rather than lose anything, and is one transaction.
 */
public final class Archive {
  /** After them nothing happens in a stream, so that no snapshot is needed. */
  private static final String LAST_OF_A_STREAM = "'agent.deleted', 'subject.erased'";

  private static final int ROWS_AT_ONCE = 1_000;
  private static final int NAMED = 10;

  private static final String LIST =
      """
      SELECT p.first_position, p.last_position, false,
        p.last_position <= COALESCE(pg_sequence_last_value('event_store.event_position'), 0)
      FROM event_store.partition p
      UNION ALL SELECT a.first_position, a.last_position, true, true FROM event_store.archive a
      ORDER BY 1
      """;

  private static final String HOLDS =
      "SELECT FROM event_store.event WHERE position = ? AND event_id = ?";

  private static final String DETACHED =
      "SELECT last_position, events, sha256 FROM event_store.archive WHERE first_position = ?";

  private static final String INSERT_EVENT =
      """
      INSERT INTO event_store.event (position, stream_id, version, time, event_id, tenant_id,
        type_id, payload_hash, previous_leaf, leaf, metadata, salt, payload)
      SELECT ?, s.stream_id, ?, ?, ?, s.tenant_id, event_store.event_type_number(?, ?::smallint),
        ?, ?, ?, ?, ?, ?
      FROM event_store.stream s JOIN event_store.tenant t ON t.tenant_id = s.tenant_id
      WHERE t.name = ? AND s.key = ?
      """;

  private final DataSource dataSource;
  private final Path folder;

  /**
   * @param folder where the files are
   */
  public Archive(DataSource dataSource, Path folder) {
    this.dataSource = dataSource;
    this.folder = folder;
  }

  /**
   * @param archived whether its events are in a file only
   * @param full whether no more events come into it
   */
  public record Partition(long firstPosition, long lastPosition, boolean archived, boolean full) {}

  /** All partitions, those in the database and those that are archived, from the oldest on. */
  public List<Partition> list() {
    return inTransaction(
        connection -> {
          var partitions = new ArrayList<Partition>();
          try (Statement statement = connection.createStatement();
              ResultSet row = statement.executeQuery(LIST)) {
            while (row.next()) {
              partitions.add(
                  new Partition(
                      row.getLong(1), row.getLong(2), row.getBoolean(3), row.getBoolean(4)));
            }
          }
          return partitions;
        });
  }

  /**
   * Writes a partition's events into a file, and a manifest beside it. The database is only read.
   *
   * @param firstPosition of the partition, which must be full
   */
  public Manifest export(long firstPosition) {
    Partition partition = stored(firstPosition);
    requireFull(partition);
    return inTransaction(
        connection -> {
          Files.createDirectories(folder);
          String name = "events-%d-%d.ndjson.gz".formatted(firstPosition, partition.lastPosition());
          Path path = folder.resolve(name);
          requireOwn(connection, path);
          requireNoOther(firstPosition, name);
          var file = new ArchiveFile(path);
          var events = new AtomicLong();
          file.write(
              next ->
                  read(
                      connection,
                      partition,
                      event -> {
                        events.incrementAndGet();
                        next.accept(event);
                      }));
          var manifest =
              new Manifest(
                  Manifest.FORMAT,
                  name,
                  firstPosition,
                  partition.lastPosition(),
                  events.get(),
                  file.sha256());
          Files.write(
              Manifest.path(folder, firstPosition),
              WireJson.mapper().writerWithDefaultPrettyPrinter().writeValueAsBytes(manifest),
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE,
              StandardOpenOption.DSYNC);
          return manifest;
        });
  }

  /**
   * What must hold before events may leave the database.
   *
   * @param snapshots that the command services of this release read
   * @param takeSnapshot keeps the state of the agent {@code tenant/agent}; returns when it is kept
   * @param consumed up to where all projections are, or null to look it up in this database
   * @param behind how many positions the partition must lie behind the last one
   */
  public record Safety(
      SnapshotFormat snapshots,
      Consumer<String> takeSnapshot,
      @Nullable Long consumed,
      long behind) {}

  /**
   * Takes the oldest partition out of the database, after its file has been compared with it, event
   * by event.
   */
  public Manifest detach(long firstPosition, Safety safety) {
    Partition partition = stored(firstPosition);
    requireFull(partition);
    requireOldest(partition);
    Manifest manifest = verified(firstPosition);
    return inTransaction(
        connection -> {
          execute(connection, "SET LOCAL lock_timeout = '10s'");
          requireConsumed(connection, partition, safety);
          requireSealed(connection, partition);
          requireSnapshots(connection, partition, safety);
          compare(connection, partition, manifest);
          remove(connection, partition, manifest);
          // A replay that began meanwhile reads from the first event on.
          requireConsumed(connection, partition, safety);
          return manifest;
        });
  }

  /** Puts an archived partition back into the database, from its file. */
  public Manifest restore(long firstPosition) {
    requireNextOlder(firstPosition);
    Manifest manifest = verified(firstPosition);
    return inTransaction(
        connection -> {
          requireDetached(connection, manifest);
          execute(
              connection,
              "DELETE FROM event_store.archive WHERE first_position = " + firstPosition);
          execute(connection, "SET LOCAL lock_timeout = '10s'");
          execute(
              connection,
              "SELECT event_store.make_partition(%d, %d)"
                  .formatted(firstPosition, manifest.lastPosition()));
          long events = insert(connection, manifest);
          if (events != manifest.events()) {
            throw new ArchiveException(
                "of the %d events of %s the event store takes %d only: the others are of agents that"
                        .formatted(manifest.events(), manifest.file(), events)
                    + " it does not know");
          }
          return manifest;
        });
  }

  /** The name says positions only: in a folder that stores share it may be another one's. */
  private static void requireOwn(Connection connection, Path path)
      throws SQLException, IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (BufferedReader lines = new ArchiveFile(path).lines();
        PreparedStatement own = connection.prepareStatement(HOLDS)) {
      String line = lines.readLine();
      if (line == null) {
        return;
      }
      ArchivedEvent first = WireJson.mapper().readValue(line, ArchivedEvent.class);
      own.setLong(1, first.position());
      own.setObject(2, first.eventId());
      try (ResultSet row = own.executeQuery()) {
        if (!row.next()) {
          throw new ArchiveException(
              "%s is of another event store and would be lost; choose another folder"
                  .formatted(path));
        }
      }
    } catch (JacksonException e) {
      throw new ArchiveException("%s is no archive; move it away".formatted(path));
    }
  }

  /** The manifest's name does not say where the partition ends. */
  private void requireNoOther(long firstPosition, String name) throws IOException {
    Path path = Manifest.path(folder, firstPosition);
    if (Files.exists(path)
        && !(Manifest.read(folder, firstPosition).file().equals(name)
            && Files.exists(folder.resolve(name)))) {
      throw new ArchiveException(
          "%s is of another file, which could not be restored without it; choose another folder"
              .formatted(path));
    }
  }

  private static void requireDetached(Connection connection, Manifest manifest)
      throws SQLException {
    try (PreparedStatement archived = connection.prepareStatement(DETACHED)) {
      archived.setLong(1, manifest.firstPosition());
      try (ResultSet row = archived.executeQuery()) {
        if (!row.next()) {
          throw new ArchiveException(
              "the partition that begins at %d is not archived"
                  .formatted(manifest.firstPosition()));
        }
        if (row.getLong(1) != manifest.lastPosition()
            || row.getLong(2) != manifest.events()
            || !row.getString(3).equals(manifest.sha256())) {
          throw new ArchiveException(
              "%s is not the file whose events were detached here: that ends at %d and its SHA-256"
                      .formatted(manifest.file(), row.getLong(1))
                  + " is "
                  + row.getString(3));
        }
      }
    }
  }

  private Partition stored(long firstPosition) {
    return list().stream()
        .filter(partition -> partition.firstPosition() == firstPosition && !partition.archived())
        .findFirst()
        .orElseThrow(
            () ->
                new ArchiveException(
                    "no partition in the database begins at %d; 'archive list' shows them"
                        .formatted(firstPosition)));
  }

  private static void requireFull(Partition partition) {
    if (!partition.full()) {
      throw new ArchiveException(
          "events still come into the partition that begins at %d; only a full one can be archived"
              .formatted(partition.firstPosition()));
    }
  }

  private void requireOldest(Partition partition) {
    list().stream()
        .filter(other -> !other.archived() && other.firstPosition() < partition.firstPosition())
        .findFirst()
        .ifPresent(
            older -> {
              throw new ArchiveException(
                  "detach the older partition that begins at %d first"
                      .formatted(older.firstPosition()));
            });
  }

  /** What is kept is one range without holes. */
  private void requireNextOlder(long firstPosition) {
    list().stream()
        .filter(other -> other.archived() && other.firstPosition() > firstPosition)
        .findFirst()
        .ifPresent(
            later -> {
              throw new ArchiveException(
                  "restore the later partition that begins at %d first"
                      .formatted(later.firstPosition()));
            });
  }

  /** The manifest of a file that is as it was written. */
  private Manifest verified(long firstPosition) {
    try {
      Manifest manifest = Manifest.read(folder, firstPosition);
      Path file = folder.resolve(manifest.file());
      if (!Files.exists(file)) {
        throw new ArchiveException("there is no " + file);
      }
      if (!new ArchiveFile(file).sha256().equals(manifest.sha256())) {
        throw new ArchiveException(
            "%s is not what was exported: its SHA-256 is not that of the manifest".formatted(file));
      }
      return manifest;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void requireConsumed(Connection connection, Partition partition, Safety safety)
      throws SQLException {
    long head = number(connection, "SELECT max(position) FROM event_store.event");
    if (head - partition.lastPosition() < safety.behind()) {
      throw new ArchiveException(
          "the partition ends at %d, less than %d positions behind the last event at %d"
              .formatted(partition.lastPosition(), safety.behind(), head));
    }
    Long consumed = safety.consumed();
    if (consumed == null) {
      if (number(connection, "SELECT (to_regclass('read_model.projection_token') IS NOT NULL)::int")
          == 0) {
        throw new ArchiveException(
            "the read models are not in this database: say up to which position all projections"
                + " are ('position' in GET /admin/projections)");
      }
      consumed = number(connection, "SELECT min(position) FROM read_model.projection_token");
    }
    if (consumed < partition.lastPosition()) {
      throw new ArchiveException(
          "the projections are at %d only; wait until they have passed %d"
              .formatted(consumed, partition.lastPosition()));
    }
  }

  /** A sealer would skip what is gone; without any sealer there is nothing to wait for. */
  private static void requireSealed(Connection connection, Partition partition)
      throws SQLException {
    long sealed =
        number(
            connection,
            "SELECT coalesce(max(position), %d) FROM event_store.checkpoint"
                .formatted(Long.MAX_VALUE));
    if (sealed < partition.lastPosition()) {
      throw new ArchiveException(
          "events are sealed up to %d only; wait until the sealer has passed %d"
              .formatted(sealed, partition.lastPosition()));
    }
  }

  private static void requireSnapshots(Connection connection, Partition partition, Safety safety)
      throws SQLException {
    var reasons = new HashMap<String, String>();
    for (String agent : withoutSnapshot(connection, partition, safety)) {
      try {
        safety.takeSnapshot().accept(agent);
      } catch (RuntimeException e) {
        reasons.put(agent, " (%s)".formatted(e.getMessage()));
      }
    }
    List<String> missing =
        withoutSnapshot(connection, partition, safety).stream()
            .map(agent -> agent + reasons.getOrDefault(agent, ""))
            .toList();
    if (!missing.isEmpty()) {
      throw new ArchiveException(
          "%d agents have no snapshot that replaces their archived events: %s%s"
              .formatted(
                  missing.size(),
                  String.join(", ", missing.subList(0, Math.min(NAMED, missing.size()))),
                  missing.size() > NAMED ? " …" : ""));
    }
  }

  private static List<String> withoutSnapshot(
      Connection connection, Partition partition, Safety safety) throws SQLException {
    String living =
        """
        SELECT t.name || '/' || s.key, CASE WHEN n.version >= old.version THEN n.state END
        FROM (SELECT stream_id, max(version) AS version
          FROM event_store.event_%1$d GROUP BY stream_id) old
        JOIN event_store.stream s ON s.stream_id = old.stream_id
        JOIN event_store.tenant t ON t.tenant_id = s.tenant_id
        LEFT JOIN event_store.snapshot n ON n.stream_id = old.stream_id AND n.schema = ?
        WHERE NOT EXISTS (
          SELECT FROM event_store.event e JOIN event_store.event_type y ON y.type_id = e.type_id
          WHERE e.stream_id = old.stream_id AND y.name IN (%2$s))
        ORDER BY 1
        """
            .formatted(partition.firstPosition(), LAST_OF_A_STREAM);
    try (PreparedStatement statement = connection.prepareStatement(living)) {
      statement.setFetchSize(ROWS_AT_ONCE);
      statement.setString(1, safety.snapshots().schema());
      try (ResultSet row = statement.executeQuery()) {
        var agents = new ArrayList<String>();
        while (row.next()) {
          byte[] state = row.getBytes(2);
          if (state == null || !isReadable(safety.snapshots(), row.getString(1), state)) {
            agents.add(row.getString(1));
          }
        }
        return agents;
      }
    }
  }

  /** Until now the events stand behind one that is not. */
  private static boolean isReadable(SnapshotFormat snapshots, String agent, byte[] state) {
    try {
      var _ = snapshots.read().apply(agent, state);
      return true;
    } catch (RuntimeException e) {
      return false;
    }
  }

  private void compare(Connection connection, Partition partition, Manifest manifest)
      throws IOException {
    try (BufferedReader lines = new ArchiveFile(folder.resolve(manifest.file())).lines()) {
      read(
          connection,
          partition,
          event -> {
            try {
              if (!ArchiveFile.line(event).equals(lines.readLine())) {
                throw new ArchiveException(
                    "the file and the database differ at position %d; export it again"
                        .formatted(event.position()));
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      if (lines.readLine() != null) {
        throw new ArchiveException("the file has more events than the database; export it again");
      }
    }
  }

  private static void remove(Connection connection, Partition partition, Manifest manifest)
      throws SQLException {
    long first = partition.firstPosition();
    execute(
        connection,
        """
        INSERT INTO event_store.archived_stream AS known (stream_id, version, ended)
        SELECT e.stream_id, max(e.version), bool_or(y.name IN (%2$s))
        FROM event_store.event_%1$d e JOIN event_store.event_type y ON y.type_id = e.type_id
        GROUP BY e.stream_id
        ON CONFLICT (stream_id) DO UPDATE
          SET version = greatest(known.version, excluded.version),
            ended = known.ended OR excluded.ended
        """
            .formatted(first, LAST_OF_A_STREAM));
    execute(
        connection,
        "ALTER TABLE event_store.event DETACH PARTITION event_store.event_%d".formatted(first));
    execute(connection, "DROP TABLE event_store.event_%d".formatted(first));
    execute(connection, "DELETE FROM event_store.partition WHERE first_position = " + first);
    execute(
        connection,
        "INSERT INTO event_store.archive (first_position, last_position, events, sha256)"
            + " VALUES (%d, %d, %d, '%s')"
                .formatted(first, partition.lastPosition(), manifest.events(), manifest.sha256()));
  }

  private long insert(Connection connection, Manifest manifest) throws SQLException, IOException {
    long events = 0;
    long stored = 0;
    try (BufferedReader lines = new ArchiveFile(folder.resolve(manifest.file())).lines();
        PreparedStatement event = connection.prepareStatement(INSERT_EVENT)) {
      for (String line; (line = lines.readLine()) != null; ) {
        add(WireJson.mapper().readValue(line, ArchivedEvent.class), event);
        if (++events % ROWS_AT_ONCE == 0) {
          stored += IntStream.of(event.executeBatch()).sum();
        }
      }
      stored += IntStream.of(event.executeBatch()).sum();
    } catch (JacksonException e) {
      throw new ArchiveException(
          "line %d of %s is no event: %s"
              .formatted(events + 1, manifest.file(), e.getOriginalMessage()));
    }
    return stored;
  }

  private static void add(ArchivedEvent archived, PreparedStatement event) throws SQLException {
    event.setLong(1, archived.position());
    event.setLong(2, archived.version());
    event.setObject(3, archived.time().atOffset(ZoneOffset.UTC));
    event.setObject(4, archived.eventId());
    event.setString(5, archived.type());
    event.setInt(6, archived.revision());
    event.setBytes(7, archived.payloadHash());
    event.setBytes(8, archived.previousLeaf());
    event.setBytes(9, archived.leaf());
    event.setBytes(10, archived.metadata());
    event.setBytes(11, archived.salt());
    event.setBytes(12, archived.payload());
    event.setString(13, archived.tenant());
    event.setString(14, archived.agentId());
    event.addBatch();
  }

  private static void read(
      Connection connection, Partition partition, Consumer<ArchivedEvent> each) {
    try (PreparedStatement statement = connection.prepareStatement(ArchivedEvent.SELECT)) {
      statement.setFetchSize(ROWS_AT_ONCE);
      statement.setLong(1, partition.firstPosition());
      statement.setLong(2, partition.lastPosition());
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          each.accept(ArchivedEvent.of(row));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private interface Work<T> {
    T on(Connection connection) throws SQLException, IOException;
  }

  private <T> T inTransaction(Work<T> work) {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      try {
        T result = work.on(connection);
        connection.commit();
        return result;
      } catch (SQLException | IOException | RuntimeException e) {
        connection.rollback();
        throw e;
      } finally {
        connection.setAutoCommit(true);
      }
    } catch (SQLException e) {
      throw new ArchiveException("the event store refuses: " + e.getMessage());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static long number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }
}
