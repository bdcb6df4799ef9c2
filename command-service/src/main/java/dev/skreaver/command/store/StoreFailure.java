package dev.skreaver.command.store;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.sql.SQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a failed statement means for the commands in it. */
public enum StoreFailure {
  /** The database refused some row: a conflict or bad data of one of the commands. */
  ROW_REFUSED,
  /** The connection broke while the statement was under way: it may have been carried out. */
  OUTCOME_UNKNOWN,
  /** Nothing was written, through no fault of the commands. */
  UNAVAILABLE;

  private static final Logger LOG = LoggerFactory.getLogger(StoreFailure.class);
  private static final String UNIQUE_VIOLATION = "23505";

  /** Raised by {@code event_store.check_subject_keys} alone. */
  private static final String DESTROYED_KEY = "23000";

  static StoreFailure of(SQLException e) {
    String state = e.getSQLState();
    if (state == null || state.startsWith("08") || state.startsWith("57P")) {
      return OUTCOME_UNKNOWN;
    }
    return switch (state.substring(0, 2)) {
      case "21", "22", "23" -> ROW_REFUSED;
      default -> UNAVAILABLE;
    };
  }

  /** Whether a text was sealed under a key that was destroyed since. */
  static boolean isDestroyedKey(SQLException e) {
    return DESTROYED_KEY.equals(e.getSQLState());
  }

  static boolean isDuplicate(SQLException e) {
    return UNIQUE_VIOLATION.equals(e.getSQLState());
  }

  /** Whether the database answers, and will refuse the same again: data, names, rights, damage. */
  public static boolean isOfTheStatement(SQLException e) {
    String state = e.getSQLState();
    return state != null
        && switch (state.substring(0, 2)) {
          case "21", "22", "23", "42", "XX" -> true;
          default -> false;
        };
  }

  /** The refusal of a command of which certainly nothing was stored, or of a failed read. */
  public static Refusal unavailable(SQLException cause) {
    LOG.warn("the event store is unavailable: {}", cause.getMessage());
    return new Refusal(
        ErrorCode.EVENT_STORE_UNAVAILABLE,
        "The event store cannot be reached or is overloaded; nothing was changed, try again later");
  }

  /** The refusal of a command that was decided on what the store may not have any more. */
  static Refusal forgotten() {
    return new Refusal(
        ErrorCode.EVENT_STORE_UNAVAILABLE,
        "The event store was restarted, replaced or restored; nothing was changed, try again");
  }

  /** The refusal of a command that may have been stored. */
  static Refusal unknown(Throwable cause) {
    LOG.warn("the outcome of an append is unknown: {}", cause.getMessage());
    return new Refusal(
        ErrorCode.EVENT_STORE_UNAVAILABLE,
        "The connection to the event store was lost while the command was written, and it is not"
            + " known whether it was carried out; repeat it with the same Idempotency-Key, or read"
            + " the agent");
  }

  /** The refusal of an erasure whose commit may have come through. */
  static Refusal unknownErasure(SQLException cause) {
    LOG.warn("the outcome of an erasure is unknown: {}", cause.getMessage());
    return new Refusal(
        ErrorCode.EVENT_STORE_UNAVAILABLE,
        "The connection to the event store was lost while the erasure was written, and it is not"
            + " known whether it was carried out; ask for it again, which does no harm");
  }
}
