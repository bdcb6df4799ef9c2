package dev.skreaver.command.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes commands that appended nothing into the ledger, in the transaction that has called {@code
 * event_store.append} before: its lock gives the rows their order.
 */
final class LedgerInsert {
  /** Written again after an unknown outcome, an entry is there already. */
  private static final String INSERT =
      """
      INSERT INTO event_store.command_ledger (position, command_id, time, tenant_id, outcome,
        command, agent_id, subject, authentication, request_id, correlation_id, causation_id,
        idempotency_key, error, repeats, reason)
      SELECT coalesce(
          (SELECT e.position FROM event_store.event e ORDER BY e.position DESC LIMIT 1), 0), c.*
      FROM unnest(?::uuid[], ?::timestamptz[], ?::integer[], ?::text[], ?::text[], ?::text[],
        ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::uuid[],
        ?::text[]) AS c
      ON CONFLICT ON CONSTRAINT command_ledger_key DO NOTHING
      """;

  private final CatalogNumbers numbers;

  LedgerInsert(CatalogNumbers numbers) {
    this.numbers = numbers;
  }

  void write(Connection connection, List<LedgerEntry> entries) throws SQLException {
    String[] types = {
      "uuid",
      "timestamptz",
      "int4",
      "text",
      "text",
      "text",
      "text",
      "text",
      "text",
      "text",
      "text",
      "text",
      "text",
      "uuid",
      "text"
    };
    var columns = new @Nullable Object[types.length][entries.size()];
    for (int number = 0; number < entries.size(); number++) {
      @Nullable Object[] row = row(entries.get(number));
      for (int column = 0; column < types.length; column++) {
        columns[column][number] = row[column];
      }
    }
    try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
      for (int column = 0; column < types.length; column++) {
        statement.setArray(column + 1, connection.createArrayOf(types[column], columns[column]));
      }
      statement.executeUpdate();
    }
  }

  private @Nullable Object[] row(LedgerEntry entry) throws SQLException {
    StreamKey key = StreamKey.parse(entry.aggregateIdentifier());
    return new @Nullable Object[] {
      entry.commandId(),
      OffsetDateTime.ofInstant(entry.time(), ZoneOffset.UTC),
      numbers.tenant(key.tenant()),
      entry.outcome().wireName(),
      entry.command(),
      key.key(),
      entry.subject(),
      entry.authentication(),
      entry.requestId(),
      entry.correlationId(),
      entry.causationId(),
      entry.idempotencyKey(),
      entry.error(),
      entry.repeats(),
      entry.reason()
    };
  }
}
