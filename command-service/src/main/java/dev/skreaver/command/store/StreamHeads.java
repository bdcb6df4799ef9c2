package dev.skreaver.command.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Where each stream ends, as far as this instance knows. */
final class StreamHeads {
  private static final int KEPT = 100_000;
  private static final String SELECT =
      """
      SELECT e.stream_id, e.version, e.leaf, e.position
      FROM event_store.tenant t
      JOIN event_store.stream s ON s.tenant_id = t.tenant_id
      JOIN event_store.event e ON e.stream_id = s.stream_id
      WHERE t.name = ? AND s.key = ?
      """;
  private static final String AT_VERSION = SELECT + "AND e.version = ?";
  private static final String LAST = SELECT + "ORDER BY e.version DESC LIMIT 1";

  private final DataSource dataSource;
  private final Cache<String, StreamHead> heads =
      Caffeine.newBuilder().executor(Runnable::run).maximumSize(KEPT).build();

  StreamHeads(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  @Nullable StreamHead known(String aggregateIdentifier) {
    return heads.getIfPresent(aggregateIdentifier);
  }

  void remember(String aggregateIdentifier, StreamHead head) {
    heads.put(aggregateIdentifier, head);
  }

  void forget(String aggregateIdentifier) {
    heads.invalidate(aggregateIdentifier);
  }

  void forgetAll() {
    heads.invalidateAll();
  }

  /** The event of this version, if the stream has it. */
  Optional<StreamHead> at(String aggregateIdentifier, long version) throws SQLException {
    StreamHead known = known(aggregateIdentifier);
    if (known != null && known.version() == version) {
      return Optional.of(known);
    }
    return read(aggregateIdentifier, version);
  }

  /** The last event, if there is a stream. */
  Optional<StreamHead> last(String aggregateIdentifier) throws SQLException {
    StreamHead known = known(aggregateIdentifier);
    return known != null ? Optional.of(known) : read(aggregateIdentifier, null);
  }

  private Optional<StreamHead> read(String aggregateIdentifier, @Nullable Long version)
      throws SQLException {
    StreamKey key = StreamKey.parse(aggregateIdentifier);
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(version == null ? LAST : AT_VERSION)) {
      statement.setString(1, key.tenant());
      statement.setString(2, key.key());
      if (version != null) {
        statement.setLong(3, version);
      }
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new StreamHead(row.getLong(1), row.getLong(2), row.getBytes(3), row.getLong(4)))
            : Optional.empty();
      }
    }
  }
}
