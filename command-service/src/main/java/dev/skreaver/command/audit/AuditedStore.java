package dev.skreaver.command.audit;

import dev.skreaver.api.audit.AuditCheck;
import dev.skreaver.api.audit.Checkpoint;
import dev.skreaver.api.audit.CheckpointHead;
import dev.skreaver.api.audit.LogEntry;
import dev.skreaver.api.audit.NoteKey;
import dev.skreaver.api.audit.StoredEvent;
import dev.skreaver.api.audit.Verification.Fault;
import dev.skreaver.api.audit.Verification.Kind;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.api.personal.SubjectKey;
import dev.skreaver.command.store.StoreFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * The event store as it is verified and exported: page by page, so that neither memory nor a
 * snapshot grows with it. What a page holds never changes, so pages fit each other.
 */
final class AuditedStore {
  private static final int CHECKPOINTS = 50;
  private static final int EVENTS = 500;

  private static final String HEAD = "SELECT coalesce(max(position), 0) FROM event_store.event";

  /**
   * Partitions are taken away from the beginning, without a hole between them, and their events
   * with them. What is not here and was not archived is missing.
   */
  private static final String ARCHIVED =
      """
      SELECT CASE WHEN EXISTS (SELECT FROM event_store.event WHERE position <= taken.last)
        THEN 0 ELSE taken.last END
      FROM (SELECT coalesce(max(last_position), 0) AS last FROM (
          SELECT last_position,
            sum(last_position - first_position + 1) OVER (ORDER BY first_position) AS positions
          FROM event_store.archive) a
        WHERE positions = last_position) taken
      """;

  private static final String LOST =
      """
      SELECT min(p) FROM unnest(?::bigint[]) AS p
      WHERE NOT EXISTS (SELECT FROM event_store.event e WHERE e.position = p)
      """;

  private static final String ERASURES =
      """
      SELECT k.erasure, k.key_id,
        (SELECT e.payload FROM event_store.event e
          JOIN event_store.event_type y ON y.type_id = e.type_id
          WHERE e.position = k.erasure AND e.tenant_id = k.tenant_id AND y.name = ?) AS payload
      FROM event_store.subject_key k
      WHERE (k.erasure, k.key_id) > (?, ?) AND k.erasure NOT BETWEEN ? AND ?
        AND k.erasure <= ?
      ORDER BY k.erasure, k.key_id LIMIT %d
      """
          .formatted(EVENTS);

  /**
   * The rows come first and alone, so that no plan sorts what it joins. What belongs to them is
   * looked up row by row: a plan that joins whole tables reads all payloads for each page.
   */
  private static final String PAGE =
      """
      SELECT e.position, coalesce(t.name, '') AS tenant, coalesce(s.key, '') AS agent_id, e.version,
        e.event_id, coalesce(y.name, '') AS type, coalesce(y.revision, 0) AS revision, e.time,
        e.metadata, e.payload_hash, e.previous_leaf, e.leaf, e.salt, e.payload
      FROM (SELECT * FROM event_store.event
            WHERE position > ? AND position <= ? ORDER BY position LIMIT %d) e
      LEFT JOIN event_store.tenant t ON t.tenant_id = e.tenant_id
      LEFT JOIN event_store.event_type y ON y.type_id = e.type_id
      LEFT JOIN LATERAL (SELECT key FROM event_store.stream
            WHERE stream_id = e.stream_id AND tenant_id = e.tenant_id LIMIT 1) s ON true
      ORDER BY e.position
      """
          .formatted(EVENTS);

  private static final String BEFORE =
      """
      SELECT wanted.tenant, wanted.agent, wanted.version, e.leaf
      FROM unnest(?::text[], ?::text[], ?::bigint[]) AS wanted (tenant, agent, version)
      JOIN event_store.tenant t ON t.name = wanted.tenant
      JOIN event_store.stream s ON s.tenant_id = t.tenant_id AND s.key = wanted.agent
      JOIN event_store.event e ON e.stream_id = s.stream_id AND e.version = wanted.version
      """;

  private final DataSource source;

  AuditedStore(DataSource source) {
    this.source = source;
  }

  /**
   * A range of positions, widened to whole checkpoints.
   *
   * @param archived up to where the events are in files only
   * @param start the checkpoint that it follows; null if there is none before it
   * @param frontierBefore of the tree that the start goes on from; null if there is no start
   * @param after it begins behind this position
   * @param last the last checkpoint that it covers; null if none
   * @param end its last position
   * @param whole whether that is the store's last
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Range(
      long archived,
      @Nullable Checkpoint start,
      byte @Nullable [] frontierBefore,
      long after,
      @Nullable CheckpointHead last,
      long end,
      boolean whole) {
    AuditCheck check(List<NoteKey> keys) {
      return start == null
          ? new AuditCheck(keys, after)
          : new AuditCheck(keys, start, frontierBefore);
    }

    long sizeBefore() {
      return start == null ? 0 : start.size();
    }

    long throughSize() {
      return last == null ? 0 : last.size();
    }
  }

  /**
   * @param to up to the end, if null
   */
  Range range(long from, @Nullable Long to) {
    return read(
        connection -> {
          long archived = lastArchived(connection);
          Checkpoint start = start(connection, from, archived);
          byte[] before = start == null ? null : Checkpoints.frontierBefore(connection, start);
          long after = start == null ? archived : start.position();
          CheckpointHead latest = head(Checkpoints.latest(connection));
          long end = Math.max(lastPosition(connection), latest == null ? 0 : latest.position());
          if (to == null || to >= end) {
            return new Range(archived, start, before, after, latest, end, true);
          }
          Checkpoint covering = Checkpoints.covering(connection, to);
          return covering == null
              ? new Range(archived, start, before, after, latest, to, false)
              : new Range(
                  archived, start, before, after, covering.head(), covering.position(), false);
        });
  }

  /** Up to where the events are in files only. */
  long archived() {
    return read(AuditedStore::lastArchived);
  }

  /**
   * The first event of the checkpoint before a range that was to be checked too and is not here:
   * archived are whole partitions, and checked are whole checkpoints.
   */
  @Nullable Fault lostBefore(Range range, long from) {
    Checkpoint start = range.start();
    if (start == null || from > start.position()) {
      return null;
    }
    Object[] kept =
        LogEntry.read(start.entries()).stream()
            .map(LogEntry::position)
            .filter(position -> position > range.archived())
            .toArray();
    return readOrNull(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(LOST)) {
            statement.setArray(1, connection.createArrayOf("int8", kept));
            try (ResultSet row = statement.executeQuery()) {
              row.next();
              long lost = row.getLong(1);
              return row.wasNull()
                  ? null
                  : new Fault(
                      lost,
                      Kind.EVENT_MISSING,
                      "the event that was sealed here is neither there nor archived");
            }
          }
        });
  }

  /** The last checkpoint before the range, or the first behind which everything is here. */
  private static @Nullable Checkpoint start(Connection connection, long from, long archived)
      throws SQLException {
    Checkpoint before = Checkpoints.last(connection, from - 1);
    return archived == 0 || (before != null && before.position() >= archived)
        ? before
        : firstKept(connection, archived);
  }

  /** The last checkpoint behind which everything is here. */
  private static @Nullable Checkpoint firstKept(Connection connection, long archived)
      throws SQLException {
    Checkpoint last = Checkpoints.last(connection, archived);
    Checkpoint next = Checkpoints.covering(connection, archived + 1);
    // Where positions were not used, it ends before the partition does, and the next one behind it.
    boolean apart = next == null || firstPosition(next) > archived;
    return last != null && apart ? last : next;
  }

  private static long firstPosition(Checkpoint checkpoint) {
    List<LogEntry> entries = LogEntry.read(checkpoint.entries());
    return entries.isEmpty() ? 0 : entries.getFirst().position();
  }

  private static long lastArchived(Connection connection) throws SQLException {
    return number(connection, ARCHIVED);
  }

  private static @Nullable CheckpointHead head(@Nullable Checkpoint checkpoint) {
    return checkpoint == null ? null : checkpoint.head();
  }

  private static long lastPosition(Connection connection) throws SQLException {
    return number(connection, HEAD);
  }

  private static long number(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  /**
   * The first key that was destroyed within a range without an event that tells of it. One that was
   * destroyed at no position that an event could have belongs to a range that begins with all.
   *
   * @param through up to this position
   */
  @Nullable Fault erasedUntold(Range range, long from, long through) {
    long none = from > 1 ? Long.MIN_VALUE : 1;
    var erasures =
        new Pages<Erasure>(
            last -> read(connection -> erasures(connection, last, none, range.after(), through)));
    while (erasures.hasNext()) {
      Erasure erasure = erasures.next();
      if (!erasure.isTold()) {
        return new Fault(
            Math.max(erasure.position(), range.after() + 1),
            Kind.KEY_DESTROYED,
            "the key %s was destroyed, and no event at position %d tells of it"
                .formatted(erasure.keyId(), erasure.position()));
      }
    }
    return null;
  }

  private static List<Erasure> erasures(
      Connection connection, @Nullable Erasure last, long none, long after, long through)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ERASURES)) {
      statement.setString(1, EventCatalog.SUBJECT_ERASED.wireName());
      statement.setLong(2, last == null ? Long.MIN_VALUE : last.position());
      statement.setString(3, last == null ? "" : last.keyId());
      statement.setLong(4, none);
      statement.setLong(5, after);
      statement.setLong(6, through);
      try (ResultSet row = statement.executeQuery()) {
        var erasures = new ArrayList<Erasure>();
        while (row.next()) {
          erasures.add(new Erasure(row.getLong(1), row.getString(2), row.getBytes(3)));
        }
        return erasures;
      }
    }
  }

  /**
   * @param payload of the event that should tell of it; null if there is none
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Erasure(long position, String keyId, byte @Nullable [] payload) {
    boolean isTold() {
      try {
        return payload != null
            && WireJson.mapper()
                .readTree(payload)
                .path("subject")
                .asString("")
                .equals(SubjectKey.pseudonym(keyId));
      } catch (JacksonException notAsItWasStored) {
        return false;
      }
    }
  }

  /** The last checkpoint; null before the first. */
  @Nullable CheckpointHead latest() {
    return readOrNull(connection -> head(Checkpoints.latest(connection)));
  }

  /** The checkpoint over exactly so many events; null if there is none. */
  @Nullable CheckpointHead over(long size) {
    return readOrNull(connection -> Checkpoints.over(connection, size));
  }

  Iterator<Checkpoint> checkpoints(Range range) {
    return new Pages<>(
        last ->
            read(
                connection ->
                    Checkpoints.after(
                        connection,
                        last == null ? range.sizeBefore() : last.size(),
                        range.throughSize(),
                        CHECKPOINTS)));
  }

  /**
   * @param onPage what a check has to know besides
   */
  private Iterator<StoredEvent> events(Range range, OnPage onPage) {
    return new Pages<>(
        last ->
            read(
                connection -> {
                  long after = last == null ? range.after() : last.position();
                  List<StoredEvent> page = page(connection, after, range.end());
                  onPage.read(connection, after, page);
                  return page;
                }));
  }

  /**
   * For whom does not check them.
   *
   * @throws IllegalStateException if events were archived before they were read
   */
  Iterator<StoredEvent> events(Range range) {
    return events(
        range,
        (connection, after, _) -> {
          if (lastArchived(connection) > Math.max(after, range.archived())) {
            throw new IllegalStateException(
                "events behind position %d were archived meanwhile".formatted(after));
          }
        });
  }

  /**
   * @param check is told what it has to know of events before the range
   */
  Iterator<StoredEvent> events(Range range, AuditCheck check, ActorKeys actorKeys) {
    return events(
        range,
        (connection, _, page) -> {
          tellWhatCameBefore(connection, page, check);
          actorKeys.check(connection, page);
        });
  }

  private static List<StoredEvent> page(Connection connection, long after, long through)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(PAGE)) {
      statement.setLong(1, after);
      statement.setLong(2, through);
      try (ResultSet row = statement.executeQuery()) {
        var events = new ArrayList<StoredEvent>();
        while (row.next()) {
          events.add(event(row));
        }
        return events;
      }
    }
  }

  private static StoredEvent event(ResultSet row) throws SQLException {
    return new StoredEvent(
        row.getLong("position"),
        row.getString("tenant"),
        row.getString("agent_id"),
        row.getLong("version"),
        row.getObject("event_id", UUID.class),
        row.getString("type"),
        row.getInt("revision"),
        row.getObject("time", OffsetDateTime.class).toInstant(),
        row.getBytes("metadata"),
        row.getBytes("payload_hash"),
        row.getBytes("previous_leaf"),
        row.getBytes("leaf"),
        row.getBytes("salt"),
        row.getBytes("payload"));
  }

  private static void tellWhatCameBefore(
      Connection connection, List<StoredEvent> page, AuditCheck check) throws SQLException {
    var seen = new HashSet<String>();
    List<StoredEvent> firsts =
        page.stream()
            .filter(event -> seen.add(event.agent()) && check.followsUnseen(event))
            .toList();
    if (firsts.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(BEFORE)) {
      statement.setArray(1, array(connection, "text", firsts, StoredEvent::tenant));
      statement.setArray(2, array(connection, "text", firsts, StoredEvent::agentId));
      statement.setArray(3, array(connection, "int8", firsts, event -> event.version() - 1));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          check.seen(row.getString(1), row.getString(2), row.getLong(3), row.getBytes(4));
        }
      }
    }
  }

  private static java.sql.Array array(
      Connection connection,
      String type,
      List<StoredEvent> events,
      Function<StoredEvent, Object> of)
      throws SQLException {
    return connection.createArrayOf(type, events.stream().map(of).toArray());
  }

  private <T> T read(Reading<T> reading) {
    try (Connection connection = source.getConnection()) {
      return reading.from(connection);
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  private <T> @Nullable T readOrNull(Reading<@Nullable T> reading) {
    try (Connection connection = source.getConnection()) {
      return reading.from(connection);
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  /** What stands in the way of a check for ever must not look like a store that is away. */
  private static RuntimeException failure(SQLException e) {
    return StoreFailure.isOfTheStatement(e)
        ? new IllegalStateException("the event store cannot be read: " + e.getMessage(), e)
        : StoreFailure.unavailable(e);
  }

  private interface OnPage {
    void read(Connection connection, long after, List<StoredEvent> page) throws SQLException;
  }

  private interface Reading<T extends @Nullable Object> {
    T from(Connection connection) throws SQLException;
  }

  private static final class Pages<T> implements Iterator<T> {
    private final Function<@Nullable T, List<T>> after;
    private Iterator<T> page = List.<T>of().iterator();
    private @Nullable T last;
    private boolean ended;

    /**
     * @param after reads the page behind an element, or the first; the one that is empty is the
     *     last
     */
    Pages(Function<@Nullable T, List<T>> after) {
      this.after = after;
    }

    @Override
    public boolean hasNext() {
      if (!page.hasNext() && !ended) {
        page = after.apply(last).iterator();
        ended = !page.hasNext();
      }
      return page.hasNext();
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      T next = page.next();
      last = next;
      return next;
    }
  }
}
