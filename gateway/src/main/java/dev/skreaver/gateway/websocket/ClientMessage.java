package dev.skreaver.gateway.websocket;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Everything that a client can say, whatever the dialect. */
sealed interface ClientMessage {
  record Handshake(String clientName, String clientVersion, List<String> supportedVersions)
      implements ClientMessage {}

  record Authenticate(String token) implements ClientMessage {}

  record Subscribe(List<Wish> wishes) implements ClientMessage {}

  record Unsubscribe(List<String> channels) implements ClientMessage {}

  record ListSubscriptions() implements ClientMessage {}

  /**
   * @param timestamp in the unit of its dialect: seconds or milliseconds since 1970
   */
  record Ping(@Nullable Long timestamp, @Nullable JsonNode payload) implements ClientMessage {}

  record Pong() implements ClientMessage {}

  /** A call that is answered with the server's time. */
  record CallPing() implements ClientMessage {}

  record CallStats() implements ClientMessage {}

  record CallUnknown(String method) implements ClientMessage {}

  /**
   * One channel that a client wants.
   *
   * @param position deliver everything behind it; null: from now on
   * @param types only events of these names; all if empty
   */
  record Wish(String channel, Quality quality, @Nullable Long position, Set<String> types) {}

  /** How often an event may arrive. A channel with positions gives the strictest by itself. */
  enum Quality {
    AT_MOST_ONCE("atMostOnce"),
    AT_LEAST_ONCE("atLeastOnce"),
    EXACTLY_ONCE("exactlyOnce");

    private final String wireName;

    Quality(String wireName) {
      this.wireName = wireName;
    }

    String wireName() {
      return wireName;
    }
  }
}
