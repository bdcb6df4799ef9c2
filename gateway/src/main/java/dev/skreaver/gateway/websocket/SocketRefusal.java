package dev.skreaver.gateway.websocket;

import dev.skreaver.api.error.Refusal;
import java.util.Locale;
import java.util.Map;

/** What a client asked over the socket and did not get; it is told with an {@code error}. */
final class SocketRefusal extends RuntimeException {
  /** The names of the wire contract §3.3, and those that its promises need beyond them. */
  enum Code {
    CONNECTION_LIMIT_EXCEEDED,
    AUTHENTICATION_FAILED,
    MESSAGE_TOO_LARGE,
    INVALID_MESSAGE,
    CONNECTION_CLOSED,
    CHANNEL_NOT_FOUND,
    PERMISSION_DENIED,
    INTERNAL_ERROR,
    SUBSCRIPTION_LIMIT_EXCEEDED,
    CHANNEL_SUBSCRIBER_LIMIT_EXCEEDED,
    RATE_LIMIT_EXCEEDED,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    SLOW_CONSUMER,
    SERVICE_UNAVAILABLE;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Code code;
  private final transient Map<String, Object> details;

  SocketRefusal(Code code, String message, Map<String, ?> details) {
    super(message, null, false, false);
    this.code = code;
    this.details = Map.copyOf(details);
  }

  static SocketRefusal invalid(String field, String reason) {
    return new SocketRefusal(
        Code.INVALID_MESSAGE,
        "Invalid value for '%s': %s".formatted(field, reason),
        Map.of("field", field));
  }

  /** The refusal of another room, told in the words of the socket. */
  static SocketRefusal of(Refusal refusal) {
    Code code =
        switch (refusal.code()) {
          case AUTHENTICATION_REQUIRED, INVALID_TOKEN -> Code.AUTHENTICATION_FAILED;
          case INSUFFICIENT_PERMISSIONS -> Code.PERMISSION_DENIED;
          case RATE_LIMIT_EXCEEDED -> Code.RATE_LIMIT_EXCEEDED;
          case CONNECTION_LIMIT_EXCEEDED -> Code.CONNECTION_LIMIT_EXCEEDED;
          case EVENT_STORE_UNAVAILABLE, READ_MODEL_UNAVAILABLE, SERVICE_UNAVAILABLE, TIMEOUT ->
              Code.SERVICE_UNAVAILABLE;
          default -> refusal.code().status() < 500 ? Code.INVALID_MESSAGE : Code.INTERNAL_ERROR;
        };
    return new SocketRefusal(code, refusal.getMessage(), refusal.details());
  }

  Code code() {
    return code;
  }

  Map<String, Object> details() {
    return details;
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
