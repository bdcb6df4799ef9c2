package dev.skreaver.api.error;

/**
 * Every refusal that a caller can meet: its name on the wire and its HTTP status.
 *
 * <p>The names that the original system already had are kept (wire contract §1.4); clients match on
 * them.
 */
public enum ErrorCode {
  INVALID_INPUT(400),
  MISSING_REQUIRED_FIELD(400),
  UNKNOWN_FIELD(400),
  INVALID_JSON(400),
  DUPLICATE_KEY(400),
  DUPLICATE_PARAMETER(400),
  INVALID_AGENT_ID(400),
  UNKNOWN_AGENT_TYPE(400),
  INVALID_CONFIGURATION(400),
  INVALID_HEADER(400),
  INVALID_CURSOR(400),
  AUTHENTICATION_REQUIRED(401),
  INVALID_TOKEN(401),
  INSUFFICIENT_PERMISSIONS(403),
  ORIGIN_NOT_ALLOWED(403),
  NOT_FOUND(404),
  AGENT_NOT_FOUND(404),
  COMMAND_NOT_FOUND(404),
  EVENT_NOT_FOUND(404),
  SUBJECT_NOT_FOUND(404),
  PROJECTION_NOT_FOUND(404),
  DEAD_LETTER_NOT_FOUND(404),
  REPLAY_NOT_FOUND(404),
  CHECKPOINT_NOT_FOUND(404),
  METHOD_NOT_ALLOWED(405),
  NOT_ACCEPTABLE(406),
  REQUEST_TIMEOUT(408),
  AGENT_ALREADY_EXISTS(409),
  ILLEGAL_TRANSITION(409),
  CONCURRENT_MODIFICATION(409),
  REPLAY_IN_PROGRESS(409),
  IDEMPOTENCY_KEY_IN_PROGRESS(409),
  POSITION_NOT_KEPT(410),
  VERSION_MISMATCH(412),
  REQUEST_TOO_LARGE(413),
  URI_TOO_LONG(414),
  UNSUPPORTED_MEDIA_TYPE(415),
  IDEMPOTENCY_KEY_REUSED(422),
  UPGRADE_REQUIRED(426),
  RATE_LIMIT_EXCEEDED(429),
  CONNECTION_LIMIT_EXCEEDED(429),
  HEADERS_TOO_LARGE(431),
  INTERNAL_ERROR(500),
  SERVICE_UNAVAILABLE(503),
  EVENT_STORE_UNAVAILABLE(503),
  READ_MODEL_UNAVAILABLE(503),
  POSITION_NOT_REACHED(504),
  TIMEOUT(504);

  private final int status;

  ErrorCode(int status) {
    this.status = status;
  }

  /** The HTTP status that this refusal is answered with. */
  public int status() {
    return status;
  }

  /** The name on the wire, for example {@code agent_not_found}. */
  public String wireName() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }

  /** The code with this name on the wire; an unknown name is an {@link #INTERNAL_ERROR}. */
  public static ErrorCode fromWire(String name) {
    for (ErrorCode code : values()) {
      if (code.wireName().equals(name)) {
        return code;
      }
    }
    return INTERNAL_ERROR;
  }
}
