package dev.skreaver.command.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;

/** The stored answers to idempotency keys, for reading. They are written by the append. */
public final class CommandReceipts {
  private static final String FIND =
      """
      SELECT r.fingerprint, r.position, r.answer
      FROM event_store.tenant t
      JOIN event_store.command_receipt r ON r.tenant_id = t.tenant_id
      WHERE t.name = ? AND r.subject = ? AND r.key = ?
        AND r.created_at >= clock_timestamp() - make_interval(hours => ?)
      """;

  /** In portions, so that no delete holds its locks for long. */
  private static final String PURGE =
      """
      DELETE FROM event_store.command_receipt WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM event_store.command_receipt
        WHERE created_at < clock_timestamp() - make_interval(hours => ?) LIMIT 5000))
      """;

  private final DataSource dataSource;
  private final int hours;

  /**
   * @param hours how long an answer is kept
   */
  public CommandReceipts(DataSource dataSource, int hours) {
    this.dataSource = dataSource;
    this.hours = hours;
  }

  /** How long an answer is kept. */
  public int hours() {
    return hours;
  }

  public Optional<CommandReceipt> find(ReceiptKey key) {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(FIND)) {
      statement.setString(1, key.tenant());
      statement.setString(2, key.subject());
      statement.setString(3, key.key());
      statement.setInt(4, hours);
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new CommandReceipt(key, row.getString(1), row.getLong(2), row.getBytes(3)))
            : Optional.empty();
      }
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
  }

  /**
   * Removes the answers that no longer count.
   *
   * @return how many
   */
  public int purge() {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(PURGE)) {
      statement.setInt(1, hours);
      int purged = 0;
      for (int portion; (portion = statement.executeUpdate()) > 0; ) {
        purged += portion;
      }
      return purged;
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
  }
}
