package dev.skreaver.command.store;

import dev.skreaver.api.personal.SealedText;
import dev.skreaver.command.store.Append.Stored;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * The call of {@code event_store.append}: a whole group of commands in one round trip and one
 * transaction.
 */
final class AppendFunction {
  private static final String CALL =
      // The keys are looked at under the lock of the append, so that no key is destroyed meanwhile.
      "SELECT first_position, first_stream, event_store.check_subject_keys(?) FROM"
          + " event_store.append("
          + "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

  private final int receiptHours;
  private final SubjectKeys subjects;

  /**
   * @param receiptHours how long an idempotency key keeps its answer
   * @param subjects learns of erasures by other instances
   */
  AppendFunction(int receiptHours, SubjectKeys subjects) {
    this.receiptHours = receiptHours;
    this.subjects = subjects;
  }

  /**
   * @return one element for each append, in order
   */
  Stored[] call(Connection connection, List<Append> group, CatalogNumbers numbers)
      throws SQLException {
    var rows = new Rows(group, numbers);
    PGConnection arrays = connection.unwrap(PGConnection.class);
    try (PreparedStatement statement = connection.prepareStatement(CALL)) {
      statement.setArray(1, connection.createArrayOf("text", subjectKeys(group)));
      rows.bind(connection, arrays, statement);
      statement.setInt(23, receiptHours);
      statement.setArray(24, arrays.createArrayOf("int8", rows.previousPositions));
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        subjects.erased(result.getLong(3));
        return rows.stored(result.getLong(1), result.getLong(2));
      }
    } catch (SQLException e) {
      if (StoreFailure.isDestroyedKey(e)) {
        subjects.forget();
      }
      throw e;
    }
  }

  private static String[] subjectKeys(List<Append> group) {
    var keys = new HashSet<String>();
    for (Append append : group) {
      for (EncodedEvent event : append.events()) {
        if (event.subjectKey() != null) {
          keys.add(event.subjectKey());
        }
      }
      String key = append.command() == null ? null : SealedText.keyId(append.command().subject());
      if (key != null) {
        keys.add(key);
      }
    }
    return keys.toArray(String[]::new);
  }

  /** The group, column by column. */
  private static final class Rows {
    private final List<Append> group;
    private final int[] newTenants;
    private final String[] newKeys;
    private final long[] streamIds;
    private final int[] tenants;
    private final long[] versions;
    private final UUID[] eventIds;
    private final short[] types;
    private final long[] times;
    private final byte[][] metadata;
    private final byte[][] payloadHashes;
    private final byte[][] previousLeaves;
    private final byte[][] leaves;
    private final byte[][] salts;
    private final byte[][] payloads;
    private final long[] previousPositions;
    private final int[] receiptTenants;
    private final String[] receiptSubjects;
    private final String[] receiptKeys;
    private final String[] receiptFingerprints;
    private final @Nullable Integer[] receiptEvents;
    private final long[] receiptPositions;
    private final byte[][] receiptAnswers;

    Rows(List<Append> group, CatalogNumbers numbers) throws SQLException {
      this.group = group;
      int events = 0;
      int streams = 0;
      int receipts = 0;
      for (Append append : group) {
        events += append.events().size();
        streams += newStreams(append);
        receipts += append.receipt() == null ? 0 : 1;
      }
      newTenants = new int[streams];
      newKeys = new String[streams];
      streamIds = new long[events];
      tenants = new int[events];
      versions = new long[events];
      eventIds = new UUID[events];
      types = new short[events];
      times = new long[events];
      metadata = new byte[events][];
      payloadHashes = new byte[events][];
      previousLeaves = new byte[events][];
      leaves = new byte[events][];
      salts = new byte[events][];
      payloads = new byte[events][];
      previousPositions = new long[events];
      receiptTenants = new int[receipts];
      receiptSubjects = new String[receipts];
      receiptKeys = new String[receipts];
      receiptFingerprints = new String[receipts];
      receiptEvents = new @Nullable Integer[receipts];
      receiptPositions = new long[receipts];
      receiptAnswers = new byte[receipts][];
      fill(numbers);
    }

    private void fill(CatalogNumbers numbers) throws SQLException {
      int event = 0;
      int stream = 0;
      int receipt = 0;
      for (Append append : group) {
        for (EncodedEvent encoded : append.events()) {
          Long streamId = encoded.streamId();
          if (streamId == null && encoded.version() == 0) {
            newTenants[stream] = encoded.tenantId();
            newKeys[stream] = StreamKey.parse(encoded.aggregateIdentifier()).key();
            stream++;
          }
          streamIds[event] = streamId == null ? -stream : streamId;
          tenants[event] = encoded.tenantId();
          versions[event] = encoded.version();
          eventIds[event] = encoded.eventId();
          types[event] = encoded.typeId();
          times[event] = encoded.micros();
          metadata[event] = encoded.metadata();
          payloadHashes[event] = encoded.payloadHash();
          previousLeaves[event] = encoded.previousLeaf();
          leaves[event] = encoded.leaf();
          salts[event] = encoded.salt();
          payloads[event] = encoded.payload();
          previousPositions[event] = encoded.previousPosition();
          event++;
        }
        CommandReceipt kept = append.receipt();
        if (kept != null) {
          receiptTenants[receipt] = numbers.tenant(kept.key().tenant());
          receiptSubjects[receipt] = kept.key().subject();
          receiptKeys[receipt] = kept.key().key();
          receiptFingerprints[receipt] = kept.fingerprint();
          receiptEvents[receipt] = append.events().isEmpty() ? null : event;
          receiptPositions[receipt] = kept.position();
          receiptAnswers[receipt] = kept.answer();
          receipt++;
        }
      }
    }

    void bind(Connection connection, PGConnection arrays, PreparedStatement statement)
        throws SQLException {
      Array[] columns = {
        arrays.createArrayOf("int4", newTenants),
        connection.createArrayOf("text", newKeys),
        arrays.createArrayOf("int8", streamIds),
        arrays.createArrayOf("int4", tenants),
        arrays.createArrayOf("int8", versions),
        connection.createArrayOf("uuid", eventIds),
        arrays.createArrayOf("int2", types),
        arrays.createArrayOf("int8", times),
        connection.createArrayOf("bytea", metadata),
        connection.createArrayOf("bytea", payloadHashes),
        connection.createArrayOf("bytea", previousLeaves),
        connection.createArrayOf("bytea", leaves),
        connection.createArrayOf("bytea", salts),
        connection.createArrayOf("bytea", payloads),
        arrays.createArrayOf("int4", receiptTenants),
        connection.createArrayOf("text", receiptSubjects),
        connection.createArrayOf("text", receiptKeys),
        connection.createArrayOf("text", receiptFingerprints),
        connection.createArrayOf("int4", receiptEvents),
        arrays.createArrayOf("int8", receiptPositions),
        connection.createArrayOf("bytea", receiptAnswers)
      };
      for (int i = 0; i < columns.length; i++) {
        statement.setArray(i + 2, columns[i]);
      }
    }

    Stored[] stored(long firstPosition, long firstStream) {
      var stored = new Stored[group.size()];
      long position = firstPosition;
      long stream = firstStream;
      for (int i = 0; i < stored.length; i++) {
        Append append = group.get(i);
        stored[i] = new Stored(append.events().isEmpty() ? 0 : position, stream);
        position += append.events().size();
        stream += newStreams(append);
      }
      return stored;
    }

    private static int newStreams(Append append) {
      int streams = 0;
      for (EncodedEvent event : append.events()) {
        streams += event.streamId() == null && event.version() == 0 ? 1 : 0;
      }
      return streams;
    }
  }
}
