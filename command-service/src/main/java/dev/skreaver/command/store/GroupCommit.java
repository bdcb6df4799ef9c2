package dev.skreaver.command.store;

import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.store.Append.Stored;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.axonframework.eventsourcing.eventstore.EventStoreException;
import org.axonframework.modelling.command.AggregateStreamCreationException;
import org.axonframework.modelling.command.ConcurrencyException;

/**
 * Writes groups of appends. A group is stored as a whole; if the database refuses it, its halves
 * are tried one after the other, down to the guilty append, which alone fails.
 */
final class GroupCommit {
  private static final int ATTEMPTS = 3;

  /** The event's row, if it is this very event that stands at the version. */
  private static final String FIND =
      """
      SELECT e.position, e.stream_id
      FROM event_store.tenant t
      JOIN event_store.stream s ON s.tenant_id = t.tenant_id
      JOIN event_store.event e ON e.stream_id = s.stream_id
      WHERE t.name = ? AND s.key = ? AND e.version = ? AND e.event_id = ?
      """;

  private final DataSource dataSource;
  private final AppendFunction function;
  private final LedgerInsert ledger;
  private final CatalogNumbers numbers;
  private final StoreRecognition recognition;

  GroupCommit(
      DataSource dataSource,
      AppendFunction function,
      CatalogNumbers numbers,
      StoreRecognition recognition) {
    this.dataSource = dataSource;
    this.function = function;
    this.ledger = new LedgerInsert(numbers);
    this.numbers = numbers;
    this.recognition = recognition;
  }

  /** Settles every append of the group. */
  void write(List<Append> group) {
    try {
      write(group, 1);
    } catch (RuntimeException | Error e) {
      group.forEach(append -> append.fail(failure(append, e)));
    }
  }

  /** An earlier attempt may have come through, whatever it was that this one met. */
  private static RuntimeException failure(Append append, Throwable cause) {
    if (append.uncertain()) {
      return StoreFailure.unknown(cause);
    }
    return cause instanceof Refusal refusal
        ? refusal
        : new EventStoreException("the events could not be written", cause);
  }

  private void write(List<Append> group, int attempt) {
    if (group.isEmpty()) {
      return;
    }
    try (Connection connection = dataSource.getConnection()) {
      if (recognition.recognizes(connection)) {
        store(connection, group, attempt);
      } else {
        for (Append append : group) {
          settleForgotten(connection, append);
        }
      }
    } catch (SQLException e) {
      // No connection was to be had, so this attempt wrote nothing.
      group.forEach(append -> append.fail(refusal(append, e)));
    }
  }

  private void store(Connection connection, List<Append> group, int attempt) throws SQLException {
    try {
      Stored[] stored = append(connection, group);
      group.forEach(Append::becomeStored);
      remember(group, stored);
      // The next group is written while the callers of this one wake up.
      Thread.startVirtualThread(() -> succeed(group, stored));
      return;
    } catch (SQLException e) {
      switch (StoreFailure.of(e)) {
        case ROW_REFUSED -> {
          connection.close();
          refuse(group, e);
        }
        case OUTCOME_UNKNOWN -> {
          // Written again under the same ids it is stored once: a conflict with itself tells so.
          group.forEach(Append::becomeUncertain);
          connection.close();
          if (attempt < ATTEMPTS) {
            write(group, attempt + 1);
          } else {
            group.forEach(append -> append.fail(refusal(append, e)));
          }
        }
        case UNAVAILABLE -> group.forEach(append -> append.fail(refusal(append, e)));
      }
    }
  }

  /** One statement, unless the ledger has something to add to it. */
  private Stored[] append(Connection connection, List<Append> group) throws SQLException {
    List<LedgerEntry> commands =
        group.stream().map(Append::command).filter(Objects::nonNull).toList();
    if (commands.isEmpty()) {
      return function.call(connection, group, numbers);
    }
    connection.setAutoCommit(false);
    Stored[] stored = function.call(connection, group, numbers);
    ledger.write(connection, commands);
    connection.commit();
    connection.setAutoCommit(true);
    return stored;
  }

  private void remember(List<Append> group, Stored[] stored) {
    for (int i = stored.length - 1; i >= 0; i--) {
      List<EncodedEvent> events = group.get(i).events();
      if (!events.isEmpty()) {
        recognition.stored(
            stored[i].firstPosition() + events.size() - 1, events.getLast().eventId());
        return;
      }
    }
  }

  private void refuse(List<Append> group, SQLException cause) {
    if (group.size() == 1) {
      settle(group.getFirst(), cause);
    } else {
      int half = group.size() / 2;
      write(group.subList(0, half), 1);
      write(group.subList(half, group.size()), 1);
    }
  }

  private void settle(Append append, SQLException cause) {
    try {
      Optional<Stored> earlier = append.uncertain() ? find(append) : Optional.empty();
      if (earlier.isPresent()) {
        succeed(List.of(append), new Stored[] {earlier.get()});
      } else {
        append.fail(conflict(append, cause));
      }
    } catch (SQLException e) {
      append.fail(StoreFailure.unknown(e));
    }
  }

  /** What it was decided on is void, but an earlier attempt of it may have come through. */
  private static void settleForgotten(Connection connection, Append append) {
    try {
      Optional<Stored> earlier = append.uncertain() ? find(connection, append) : Optional.empty();
      if (earlier.isPresent()) {
        succeed(List.of(append), new Stored[] {earlier.get()});
      } else {
        append.fail(StoreFailure.forgotten());
      }
    } catch (SQLException e) {
      append.fail(StoreFailure.unknown(e));
    }
  }

  private Optional<Stored> find(Append append) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      return find(connection, append);
    }
  }

  private static Optional<Stored> find(Connection connection, Append append) throws SQLException {
    if (append.events().isEmpty()) {
      return Optional.empty();
    }
    EncodedEvent first = append.events().getFirst();
    StreamKey key = StreamKey.parse(first.aggregateIdentifier());
    try (PreparedStatement statement = connection.prepareStatement(FIND)) {
      statement.setString(1, key.tenant());
      statement.setString(2, key.key());
      statement.setLong(3, first.version());
      statement.setObject(4, first.eventId());
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(new Stored(row.getLong(1), row.getLong(2)))
            : Optional.empty();
      }
    }
  }

  private static void succeed(List<Append> group, Stored[] stored) {
    for (int i = 0; i < stored.length; i++) {
      group.get(i).succeed(stored[i]);
    }
  }

  private static RuntimeException refusal(Append append, SQLException cause) {
    return append.uncertain() ? StoreFailure.unknown(cause) : StoreFailure.unavailable(cause);
  }

  private static RuntimeException conflict(Append append, SQLException cause) {
    if (StoreFailure.isDestroyedKey(cause)) {
      return new KeyDestroyedException();
    }
    if (!StoreFailure.isDuplicate(cause)) {
      return new EventStoreException("the database refuses the command's rows", cause);
    }
    CommandReceipt receipt = append.receipt();
    if (receipt != null && String.valueOf(cause.getMessage()).contains("idempotency key")) {
      return new ReceiptExistsException(receipt.key());
    }
    EncodedEvent first = append.events().getFirst();
    return first.version() == 0
        ? new AggregateStreamCreationException(
            "%s exists already".formatted(first.aggregateIdentifier()))
        : new ConcurrencyException(
            "%s has gone on past version %d"
                .formatted(first.aggregateIdentifier(), first.version() - 1));
  }
}
