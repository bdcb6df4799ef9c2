package dev.skreaver.command.store;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.event.EventFormat;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.EventMessage;
import org.axonframework.eventhandling.GenericDomainEventEntry;
import org.axonframework.eventhandling.GenericDomainEventMessage;
import org.axonframework.eventhandling.TrackedEventMessage;
import org.axonframework.eventhandling.TrackingToken;
import org.axonframework.eventsourcing.EventStreamUtils;
import org.axonframework.eventsourcing.eventstore.DomainEventStream;
import org.axonframework.eventsourcing.eventstore.EventStorageEngine;
import org.axonframework.messaging.unitofwork.CurrentUnitOfWork;
import org.axonframework.modelling.command.AggregateStreamCreationException;
import org.axonframework.modelling.command.ConcurrencyException;
import org.axonframework.serialization.upcasting.event.EventUpcaster;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores and loads the events of aggregates; an aggregate's identifier is {@code tenant/key}.
 *
 * <p>What is personal stays sealed: aggregates, and all that is made of them, hold it as it is
 * stored. An append waits in its aggregate's lane and is durable when it returns. It fails with
 * {@link ConcurrencyException} when another instance was faster, with {@link
 * AggregateStreamCreationException} when the identifier is in use, with {@link
 * ReceiptExistsException}, or with the refusal {@code event_store_unavailable}. Readers that follow
 * the global order use the view {@code event_store.recorded_event}, not this.
 */
public final class PostgresEventStorageEngine implements EventStorageEngine, AutoCloseable {
  private static final String LOAD =
      """
      SELECT e.version, e.event_id, e.time, y.name, y.revision, e.metadata, e.payload,
        e.stream_id, e.leaf, e.position
      FROM event_store.tenant t
      JOIN event_store.stream s ON s.tenant_id = t.tenant_id
      JOIN event_store.event e ON e.stream_id = s.stream_id
      JOIN event_store.event_type y ON y.type_id = e.type_id
      WHERE t.name = ? AND s.key = ? AND e.version >= ?
      ORDER BY e.version
      """;

  private static final String LOAD_WITH_SNAPSHOT =
      """
      WITH own AS (
        SELECT s.stream_id, n.version, n.leaf, n.position, n.state
        FROM event_store.tenant t
        JOIN event_store.stream s ON s.tenant_id = t.tenant_id
        LEFT JOIN event_store.snapshot n ON n.stream_id = s.stream_id AND n.schema = ?
        WHERE t.name = ? AND s.key = ?)
      SELECT own.version, NULL::uuid, NULL::timestamptz, NULL::text, NULL::smallint, NULL::bytea,
        own.state, own.stream_id, own.leaf, own.position
      FROM own WHERE own.version IS NOT NULL
      UNION ALL
      SELECT e.version, e.event_id, e.time, y.name, y.revision, e.metadata, e.payload,
        e.stream_id, e.leaf, e.position
      FROM own
      JOIN event_store.event e ON e.stream_id = own.stream_id AND e.version > coalesce(own.version, -1)
      JOIN event_store.event_type y ON y.type_id = e.type_id
      ORDER BY 1
      """;

  private static final String EXISTS =
      """
      SELECT 1 FROM event_store.tenant t
      JOIN event_store.stream s ON s.tenant_id = t.tenant_id
      WHERE t.name = ? AND s.key = ?
      """;

  private static final String ARCHIVED =
      """
      SELECT 1 FROM event_store.tenant t
      JOIN event_store.stream s ON s.tenant_id = t.tenant_id
      JOIN event_store.archived_stream a ON a.stream_id = s.stream_id
      WHERE t.name = ? AND s.key = ? AND NOT a.ended
      """;

  private static final Logger LOG = LoggerFactory.getLogger(PostgresEventStorageEngine.class);

  private final DataSource dataSource;
  private final EventUpcaster upcasters;
  private final StreamHeads heads;
  private final CatalogNumbers numbers;
  private final AppendFunction function;
  private final SubjectKeys subjects;
  private final EventEncoder encoder;
  private final SnapshotWriter snapshots;
  private final StoreRecognition recognition;
  private final AppendLane[] lanes;

  /**
   * @param upcasters bring events of older revisions to the current one
   * @param lanes how many groups are under way at once
   * @param receiptHours how long an idempotency key keeps its answer
   * @throws SQLException if the store cannot be reached
   */
  public PostgresEventStorageEngine(
      DataSource dataSource, EventUpcaster upcasters, int lanes, int receiptHours)
      throws SQLException {
    this.dataSource = dataSource;
    this.upcasters = upcasters;
    this.recognition = new StoreRecognition(dataSource);
    this.numbers = new CatalogNumbers(dataSource);
    this.heads = new StreamHeads(dataSource);
    this.subjects = new SubjectKeys(dataSource);
    this.function = new AppendFunction(receiptHours, subjects);
    this.encoder = new EventEncoder(numbers, heads);
    this.snapshots = new SnapshotWriter(dataSource);
    var groups = new GroupCommit(dataSource, function, numbers, recognition);
    this.lanes = new AppendLane[lanes];
    for (int i = 0; i < lanes; i++) {
      this.lanes[i] = new AppendLane(i, groups::write);
    }
    recognition.whenItWentBack(this::forget);
  }

  private void forget() {
    heads.forgetAll();
    subjects.startAnew();
    try {
      numbers.forget();
      StoreSequences.repair(dataSource);
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
    for (AppendLane lane : lanes) {
      lane.failWaiting();
    }
  }

  /**
   * @param forget is run when the store may have gone back in time, by a restore or a failover with
   *     a loss: what is remembered of it is void
   */
  public void whenItWentBack(Runnable forget) {
    recognition.whenItWentBack(forget);
  }

  /** Keeps the aggregate's state, if it is that of its last event, and returns when it is kept. */
  public void writeSnapshot(String aggregateIdentifier, long version, String schema, byte[] state) {
    StreamHead head = heads.known(aggregateIdentifier);
    if (head == null || head.version() != version) {
      return;
    }
    try {
      snapshots.insert(head, schema, state);
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
  }

  @Override
  public void appendEvents(List<? extends EventMessage<?>> events) {
    if (events.isEmpty()) {
      return;
    }
    Optional<CommandCommit> commit = CommandCommit.current();
    CommandReceipt receipt =
        commit.map(current -> current.draft(CurrentUnitOfWork.get().root())).orElse(null);
    List<EncodedEvent> encoded =
        encoder.encode(
            events,
            commit
                .map(current -> current.eventMetadata(CurrentUnitOfWork.get().root()))
                .orElse(null));
    String aggregate = encoded.getFirst().aggregateIdentifier();
    try {
      Append.Stored stored = lane(aggregate).write(new Append(encoded, receipt));
      remember(encoded, stored);
      commit.ifPresent(
          current -> current.stored(stored.firstPosition() + encoded.size() - 1, receipt));
    } catch (ConcurrencyException | AggregateStreamCreationException e) {
      encoded.forEach(event -> heads.forget(event.aggregateIdentifier()));
      throw e;
    }
  }

  /** Who acts, and what is sealed for reading. */
  public SubjectKeys subjects() {
    return subjects;
  }

  /** What is done in the transaction of an append. */
  interface Step {
    /**
     * @param position of the event
     */
    void in(Connection transaction, long position) throws SQLException;
  }

  /**
   * Appends an event that begins a stream, and does more in the same transaction. It passes the
   * lanes by, so it is for what is rare.
   *
   * @return its position
   * @throws SQLException if nothing was stored, or that is not known
   */
  long append(DomainEventMessage<?> event, Step more) throws SQLException {
    List<EncodedEvent> encoded = encoder.encode(List.of(event), null);
    try (Connection connection = dataSource.getConnection()) {
      if (!recognition.recognizes(connection)) {
        throw StoreFailure.forgotten();
      }
      connection.setAutoCommit(false);
      Append.Stored stored =
          function.call(connection, List.of(new Append(encoded, null)), numbers)[0];
      more.in(connection, stored.firstPosition());
      connection.commit();
      connection.setAutoCommit(true);
      recognition.stored(stored.firstPosition(), encoded.getFirst().eventId());
      return stored.firstPosition();
    }
  }

  /**
   * Writes down a command that had no events, durably.
   *
   * @param receipt what a repeat is answered with; null if it is not kept
   * @throws ReceiptExistsException if the key has an answer already
   */
  public void record(LedgerEntry command, @Nullable CommandReceipt receipt) {
    lane(command.aggregateIdentifier()).write(new Append(List.of(), receipt, command));
  }

  /** The position of the aggregate's last event that this instance knows of. */
  public long lastPosition(String aggregateIdentifier) {
    try {
      return heads.last(aggregateIdentifier).map(StreamHead::position).orElse(0L);
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
  }

  /** Whether there is or ever was such an aggregate, also if its events are archived. */
  public boolean exists(String aggregateIdentifier) {
    StreamKey key = StreamKey.parse(aggregateIdentifier);
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(EXISTS)) {
      statement.setString(1, key.tenant());
      statement.setString(2, key.key());
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
  }

  /** Whether the store itself has no event of the aggregate behind this version. */
  public boolean endsAt(String aggregateIdentifier, long version) {
    try {
      heads.forget(aggregateIdentifier);
      Optional<StreamHead> last = heads.last(aggregateIdentifier);
      last.ifPresent(head -> heads.remember(aggregateIdentifier, head));
      return last.isPresent() && last.get().version() == version;
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
  }

  @Override
  public DomainEventStream readEvents(String aggregateIdentifier, long firstSequenceNumber) {
    StreamKey key = StreamKey.parse(aggregateIdentifier);
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(LOAD)) {
      statement.setString(1, key.tenant());
      statement.setString(2, key.key());
      statement.setLong(3, firstSequenceNumber);
      try (ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          return events(aggregateIdentifier, firstSequenceNumber, row);
        }
        refuseIfArchived(connection, key);
        return DomainEventStream.empty();
      }
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
  }

  /**
   * The aggregate's events, those up to its snapshot replaced by it: the first message is then one
   * with the aggregate itself. A snapshot that cannot be read is as good as none.
   */
  public DomainEventStream load(String aggregateIdentifier, SnapshotFormat format) {
    StreamKey key = StreamKey.parse(aggregateIdentifier);
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(LOAD_WITH_SNAPSHOT)) {
      statement.setString(1, format.schema());
      statement.setString(2, key.tenant());
      statement.setString(3, key.key());
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          refuseIfArchived(connection, key);
          return DomainEventStream.empty();
        }
        boolean event = row.getObject(2) != null;
        if (event) {
          return events(aggregateIdentifier, 0, row);
        }
        Optional<DomainEventMessage<?>> snapshot = snapshot(aggregateIdentifier, format, row);
        if (snapshot.isPresent()) {
          remember(aggregateIdentifier, row);
          long next = row.getLong(1) + 1;
          DomainEventStream beginning = DomainEventStream.of(snapshot.get());
          return row.next()
              ? DomainEventStream.concat(beginning, events(aggregateIdentifier, next, row))
              : beginning;
        }
      }
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
    return readEvents(aggregateIdentifier, 0);
  }

  private static Optional<DomainEventMessage<?>> snapshot(
      String aggregateIdentifier, SnapshotFormat format, ResultSet row) throws SQLException {
    try {
      return Optional.of(
          new GenericDomainEventMessage<>(
              "snapshot",
              aggregateIdentifier,
              row.getLong(1),
              format.read().apply(aggregateIdentifier, row.getBytes(7))));
    } catch (RuntimeException e) {
      LOG.warn("the snapshot of {} is not used: {}", aggregateIdentifier, e.getMessage());
      return Optional.empty();
    }
  }

  private static void refuseIfArchived(Connection connection, StreamKey key) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(ARCHIVED)) {
      statement.setString(1, key.tenant());
      statement.setString(2, key.key());
      try (ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          throw archived(key.key());
        }
      }
    }
  }

  private static Refusal archived(String agent) {
    return new Refusal(
        ErrorCode.SERVICE_UNAVAILABLE,
        "The first events of agent '%s' are archived, and it has no snapshot that this release can"
                .formatted(agent)
            + " read; restore the archive");
  }

  private static Refusal erased(String agent, long position) {
    return new Refusal(
        ErrorCode.POSITION_NOT_KEPT,
        "Agent '%s' takes no commands: the content of its event at position %d was erased"
            .formatted(agent, position),
        Map.of("position", position));
  }

  /**
   * From the row that the result stands on to its last.
   *
   * @param first the version that it must begin with
   */
  private DomainEventStream events(String aggregateIdentifier, long first, ResultSet row)
      throws SQLException {
    if (row.getLong(1) > first) {
      if (endsDeleted(row)) {
        return DomainEventStream.empty();
      }
      throw archived(StreamKey.parse(aggregateIdentifier).key());
    }
    var entries = new ArrayList<GenericDomainEventEntry<byte[]>>();
    do {
      if (isOfAggregate(row.getString(4))) {
        entries.add(entry(aggregateIdentifier, row));
      }
      if (row.isLast()) {
        remember(aggregateIdentifier, row);
      }
    } while (row.next());
    return EventStreamUtils.upcastAndDeserializeDomainEvents(
        entries.stream(), EventFormat.instance(), upcasters);
  }

  /** Nobody needs the first events of such an agent, and it has no snapshot. */
  private static boolean endsDeleted(ResultSet row) throws SQLException {
    String last;
    do {
      last = row.getString(4);
    } while (row.next());
    return last.equals(EventCatalog.AGENT_DELETED.wireName());
  }

  private void remember(String aggregateIdentifier, ResultSet row) throws SQLException {
    heads.remember(
        aggregateIdentifier,
        new StreamHead(row.getLong(8), row.getLong(1), row.getBytes(9), row.getLong(10)));
  }

  /**
   * Keeps the aggregate's state in the background, if it is that of the last event that this
   * instance knows of.
   *
   * @return whether it will be tried
   */
  public boolean keepSnapshot(
      String aggregateIdentifier, long version, String schema, Supplier<byte[]> state) {
    StreamHead head = heads.known(aggregateIdentifier);
    return head != null && head.version() == version && snapshots.write(head, schema, state);
  }

  private static GenericDomainEventEntry<byte[]> entry(String aggregateIdentifier, ResultSet row)
      throws SQLException {
    String name = row.getString(4);
    byte[] payload = row.getBytes(7);
    if (payload == null) {
      throw erased(StreamKey.parse(aggregateIdentifier).key(), row.getLong(10));
    }
    return new GenericDomainEventEntry<>(
        aggregateType(name),
        aggregateIdentifier,
        row.getLong(1),
        row.getString(2),
        // As text, because Axon cuts an Instant to milliseconds.
        row.getObject(3, OffsetDateTime.class).toInstant().toString(),
        name,
        Integer.toString(row.getInt(5)),
        payload,
        row.getBytes(6));
  }

  /** A subject has a stream of its own, but there is nothing to decide about it. */
  private static boolean isOfAggregate(String eventName) {
    return !eventName.equals(EventCatalog.SUBJECT_ERASED.wireName());
  }

  /** Event names begin with the aggregate's type, as in {@code agent.paused}. */
  private static String aggregateType(String eventName) {
    return eventName.substring(0, eventName.indexOf('.'));
  }

  private void remember(List<EncodedEvent> events, Append.Stored stored) {
    long stream = stored.firstStream() - 1;
    for (int i = 0; i < events.size(); i++) {
      EncodedEvent event = events.get(i);
      if (event.streamId() == null && event.version() == 0) {
        stream++;
      }
      heads.remember(
          event.aggregateIdentifier(),
          new StreamHead(
              event.streamId() == null ? stream : event.streamId(),
              event.version(),
              event.leaf(),
              stored.firstPosition() + i));
    }
  }

  private AppendLane lane(String key) {
    return lanes[Math.floorMod(key.hashCode(), lanes.length)];
  }

  /** They come with {@link #load}. */
  @Override
  public Optional<DomainEventMessage<?>> readSnapshot(String aggregateIdentifier) {
    return Optional.empty();
  }

  @Override
  public void storeSnapshot(DomainEventMessage<?> snapshot) {
    throw new UnsupportedOperationException("snapshots are kept by keepSnapshot");
  }

  @Override
  public Stream<? extends TrackedEventMessage<?>> readEvents(
      @Nullable TrackingToken trackingToken, boolean mayBlock) {
    throw new UnsupportedOperationException(
        "the global order is read from the view event_store.recorded_event");
  }

  /** Lets the groups under way finish and refuses what waits. */
  @Override
  public void close() {
    for (AppendLane lane : lanes) {
      lane.close();
    }
    snapshots.close();
  }
}
