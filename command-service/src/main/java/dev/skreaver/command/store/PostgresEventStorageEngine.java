package dev.skreaver.command.store;

import dev.skreaver.api.event.EventFormat;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.EventMessage;
import org.axonframework.eventhandling.GenericDomainEventEntry;
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

/**
 * Stores and loads the events of aggregates; an aggregate's identifier is {@code tenant/key}.
 *
 * <p>An append waits in its aggregate's lane and is durable when it returns. It fails with {@link
 * ConcurrencyException} when another instance was faster, with {@link
 * AggregateStreamCreationException} when the identifier is in use, with {@link
 * ReceiptExistsException}, or with the refusal {@code event_store_unavailable}. Readers that follow
 * the global order use the view {@code event_store.recorded_event}, not this.
 */
public final class PostgresEventStorageEngine implements EventStorageEngine, AutoCloseable {
  private static final String LOAD =
      """
      SELECT e.version, e.event_id, e.time, y.name, y.revision, e.metadata, p.payload,
        e.stream_id, e.leaf, e.position
      FROM event_store.tenant t
      JOIN event_store.stream s ON s.tenant_id = t.tenant_id
      JOIN event_store.event e ON e.stream_id = s.stream_id
      JOIN event_store.event_type y ON y.type_id = e.type_id
      JOIN event_store.event_payload p ON p.position = e.position
      WHERE t.name = ? AND s.key = ? AND e.version >= ?
      ORDER BY e.version
      """;

  private final DataSource dataSource;
  private final EventUpcaster upcasters;
  private final StreamHeads heads;
  private final EventEncoder encoder;
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
    var numbers = new CatalogNumbers(dataSource);
    this.heads = new StreamHeads(dataSource);
    this.encoder = new EventEncoder(numbers, heads);
    var groups = new GroupCommit(dataSource, new AppendFunction(receiptHours), numbers);
    this.lanes = new AppendLane[lanes];
    for (int i = 0; i < lanes; i++) {
      this.lanes[i] = new AppendLane(i, groups::write);
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
    List<EncodedEvent> encoded = encoder.encode(events);
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

  /**
   * Keeps the answer to a command that had no events.
   *
   * @throws ReceiptExistsException if the key has an answer already
   */
  public void keep(CommandReceipt receipt) {
    lane(receipt.key().key()).write(new Append(List.of(), receipt));
  }

  /** The position of the aggregate's last event that this instance knows of. */
  public long lastPosition(String aggregateIdentifier) {
    try {
      return heads.last(aggregateIdentifier).map(StreamHead::position).orElse(0L);
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
    var entries = new ArrayList<GenericDomainEventEntry<byte[]>>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(LOAD)) {
      statement.setString(1, key.tenant());
      statement.setString(2, key.key());
      statement.setLong(3, firstSequenceNumber);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          entries.add(entry(aggregateIdentifier, row));
          if (row.isLast()) {
            heads.remember(
                aggregateIdentifier,
                new StreamHead(row.getLong(8), row.getLong(1), row.getBytes(9), row.getLong(10)));
          }
        }
      }
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
    return EventStreamUtils.upcastAndDeserializeDomainEvents(
        entries.stream(), EventFormat.instance(), upcasters);
  }

  private static GenericDomainEventEntry<byte[]> entry(String aggregateIdentifier, ResultSet row)
      throws SQLException {
    String name = row.getString(4);
    return new GenericDomainEventEntry<>(
        aggregateType(name),
        aggregateIdentifier,
        row.getLong(1),
        row.getString(2),
        // As text, because Axon cuts an Instant to milliseconds.
        row.getObject(3, OffsetDateTime.class).toInstant().toString(),
        name,
        Integer.toString(row.getInt(5)),
        row.getBytes(7),
        row.getBytes(6));
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

  /** Agents are short and kept in memory, so none is made. */
  @Override
  public Optional<DomainEventMessage<?>> readSnapshot(String aggregateIdentifier) {
    return Optional.empty();
  }

  @Override
  public void storeSnapshot(DomainEventMessage<?> snapshot) {
    throw new UnsupportedOperationException("no snapshot trigger is configured");
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
  }
}
