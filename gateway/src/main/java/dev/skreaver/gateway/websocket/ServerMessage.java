package dev.skreaver.gateway.websocket;

import dev.skreaver.api.event.RecordedEvent;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Everything that the server can say, whatever the dialect. */
sealed interface ServerMessage {
  /** An event of the event store on one of the client's channels. */
  record Event(String channel, RecordedEvent event) implements ServerMessage {}

  /** Something that this gateway itself announces; it has no position. */
  record Notice(String channel, String eventType, Instant time, Map<String, ?> data)
      implements ServerMessage {}

  /** Events behind {@code requested} and before {@code earliest} are no longer kept. */
  record Gap(String channel, long requested, long earliest) implements ServerMessage {}

  /** History is done; what follows is live. */
  record CaughtUp(String channel, long position) implements ServerMessage {}

  /** Nothing happened on the channel, but resuming after this position misses nothing. */
  record Progress(String channel, long position) implements ServerMessage {}

  /**
   * What was asked for is done.
   *
   * @param facts names in camelCase
   */
  record Done(@Nullable String message, Map<String, ?> facts) implements ServerMessage {}

  /**
   * @param timestamp as the client gave it; null if it gave none
   */
  record Pong(@Nullable Long timestamp, @Nullable JsonNode payload) implements ServerMessage {}

  record Ping() implements ServerMessage {}

  record Refused(SocketRefusal refusal) implements ServerMessage {}
}
