package dev.skreaver.gateway.websocket;

/** Why the server ends a connection; {@code docs/websocket.md} tells clients what to do. */
enum CloseCode {
  GOING_AWAY(1001),
  PROTOCOL_ERROR(1002),
  NOT_UTF8(1007),
  POLICY_VIOLATION(1008),
  TOO_BIG(1009),
  INTERNAL_ERROR(1011),
  /** Not authenticated in time, or the token has expired. */
  UNAUTHENTICATED(4401),
  /** Nothing came from the client within the idle timeout, or no answer to a ping. */
  UNRESPONSIVE(4408),
  /** The client did not keep up with what it subscribed to. */
  SLOW_CONSUMER(4420);

  private final int status;

  CloseCode(int status) {
    this.status = status;
  }

  int status() {
    return status;
  }
}
