package dev.skreaver.query.read;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import io.r2dbc.spi.R2dbcNonTransientResourceException;
import io.r2dbc.spi.R2dbcTransientException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.dao.TransientDataAccessException;

/** A database that cannot answer now, as the caller is told. Other failures pass unchanged. */
public final class Unavailable {
  private Unavailable() {}

  public static Throwable readModel(Throwable failure) {
    return refused(
        failure,
        ErrorCode.READ_MODEL_UNAVAILABLE,
        "The read model cannot be reached; try again shortly");
  }

  public static Throwable eventStore(Throwable failure) {
    return refused(
        failure,
        ErrorCode.EVENT_STORE_UNAVAILABLE,
        "The event store cannot be reached; try again shortly");
  }

  /** As the event store; its connections for questions about the past may all be taken as well. */
  public static Throwable past(Throwable failure) {
    return refused(
        failure,
        ErrorCode.EVENT_STORE_UNAVAILABLE,
        "Too many ask about the past, or the event store cannot be reached or answers too late; try"
            + " again shortly");
  }

  private static Throwable refused(Throwable failure, ErrorCode code, String message) {
    return isOutage(failure) ? new Refusal(code, message) : failure;
  }

  private static boolean isOutage(Throwable failure) {
    return failure instanceof DataAccessResourceFailureException
        || failure instanceof TransientDataAccessException
        || failure instanceof QueryTimeoutException
        || failure instanceof R2dbcNonTransientResourceException
        || failure instanceof R2dbcTransientException;
  }
}
