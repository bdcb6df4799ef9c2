package dev.skreaver.command.archive;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One line of an archive: all that is stored of an event, so that it can be verified without the
 * database. Bytes are in Base64. Salt and payload are absent once they have been erased.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ArchivedEvent(
    long position,
    long streamId,
    String tenant,
    String agentId,
    long version,
    Instant time,
    UUID eventId,
    String type,
    int revision,
    byte[] payloadHash,
    byte[] previousLeaf,
    byte[] leaf,
    byte[] metadata,
    byte @Nullable [] salt,
    byte @Nullable [] payload) {
  static final String SELECT =
      """
      SELECT e.position, e.stream_id, t.name, s.key, e.version, e.time, e.event_id, y.name,
        y.revision, e.payload_hash, e.previous_leaf, e.leaf, e.metadata, e.salt, e.payload
      FROM event_store.event e
      JOIN event_store.stream s ON s.stream_id = e.stream_id
      JOIN event_store.tenant t ON t.tenant_id = e.tenant_id
      JOIN event_store.event_type y ON y.type_id = e.type_id
      WHERE e.position BETWEEN ? AND ? ORDER BY e.position
      """;

  static ArchivedEvent of(ResultSet row) throws SQLException {
    return new ArchivedEvent(
        row.getLong(1),
        row.getLong(2),
        row.getString(3),
        row.getString(4),
        row.getLong(5),
        row.getObject(6, OffsetDateTime.class).toInstant(),
        row.getObject(7, UUID.class),
        row.getString(8),
        row.getInt(9),
        row.getBytes(10),
        row.getBytes(11),
        row.getBytes(12),
        row.getBytes(13),
        row.getBytes(14),
        row.getBytes(15));
  }
}
