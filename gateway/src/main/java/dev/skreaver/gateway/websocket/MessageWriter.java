package dev.skreaver.gateway.websocket;

import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.gateway.websocket.Dialect.ReplyTo;
import dev.skreaver.platform.web.RequestIds;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Puts what the server says into either dialect. */
final class MessageWriter {
  private static final JsonMapper JSON = WireJson.mapper();

  private MessageWriter() {}

  /**
   * @return UTF-8 JSON
   */
  static byte[] write(ServerMessage message, ReplyTo replyTo, Instant now) {
    ObjectNode json =
        switch (replyTo.dialect()) {
          case FLAT -> flat(message, now);
          case ENVELOPE -> envelope(message, replyTo, now);
        };
    return JSON.writeValueAsBytes(json);
  }

  private static ObjectNode flat(ServerMessage message, Instant now) {
    ObjectNode json = JSON.createObjectNode();
    switch (message) {
      case ServerMessage.Event(String channel, RecordedEvent event) ->
          json.put("type", "event")
              .put("channel", channel)
              .put("event_type", event.type())
              .put("position", event.position())
              .put("agent_id", event.agentId().value())
              .put("version", event.version())
              .put("time", event.time().toString())
              .set("data", event.data())
              .put("timestamp", now.getEpochSecond());
      case ServerMessage.Notice notice ->
          json.put("type", "event")
              .put("channel", notice.channel())
              .put("event_type", notice.eventType())
              .put("time", notice.time().toString())
              .set("data", facts(notice.data(), Dialect.FLAT))
              .put("timestamp", now.getEpochSecond());
      case ServerMessage.Gap gap ->
          json.put("type", "gap")
              .put("channel", gap.channel())
              .put("requested", gap.requested())
              .put("earliest", gap.earliest());
      case ServerMessage.CaughtUp(String channel, long position) ->
          json.put("type", "caught_up").put("channel", channel).put("position", position);
      case ServerMessage.Progress(String channel, long position) ->
          json.put("type", "position").put("channel", channel).put("position", position);
      case ServerMessage.Done done -> {
        json.put("type", "success").put("message", done.message());
        json.setAll(facts(done.facts(), Dialect.FLAT));
      }
      case ServerMessage.Pong pong -> {
        Long timestamp = pong.timestamp();
        json.put("type", "pong")
            .put("timestamp", timestamp == null ? now.getEpochSecond() : timestamp);
      }
      case ServerMessage.Ping ping ->
          json.put("type", "ping").put("timestamp", now.getEpochSecond());
      case ServerMessage.Refused(SocketRefusal refusal) -> {
        json.put("type", "error")
            .put("code", refusal.code().name())
            .put("message", refusal.getMessage());
        if (!refusal.details().isEmpty()) {
          json.set("details", facts(refusal.details(), Dialect.FLAT));
        }
      }
    }
    return json;
  }

  /** Optional members are null and not left out (wire contract §3.4). */
  private static ObjectNode envelope(ServerMessage message, ReplyTo replyTo, Instant now) {
    ObjectNode data = JSON.createObjectNode();
    String type =
        switch (message) {
          case ServerMessage.Event(String channel, RecordedEvent event) -> {
            data.put("channel", channel)
                .put("eventType", event.type())
                .set("data", event.data())
                .set("metadata", metadata(event))
                .put("sequence", event.position());
            yield "event";
          }
          case ServerMessage.Notice notice -> {
            data.put("channel", notice.channel())
                .put("eventType", notice.eventType())
                .set("data", facts(notice.data(), Dialect.ENVELOPE))
                .set("metadata", JSON.createObjectNode().put("time", notice.time().toString()))
                .putNull("sequence");
            yield "event";
          }
          case ServerMessage.Gap gap -> {
            data.put("channel", gap.channel())
                .put("requested", gap.requested())
                .put("earliest", gap.earliest());
            yield "gap";
          }
          case ServerMessage.CaughtUp(String channel, long position) -> {
            data.put("channel", channel).put("position", position);
            yield "caughtUp";
          }
          case ServerMessage.Progress(String channel, long position) -> {
            data.put("channel", channel).put("position", position);
            yield "position";
          }
          case ServerMessage.Done done -> {
            ObjectNode result = facts(done.facts(), Dialect.ENVELOPE);
            if (done.message() != null) {
              result.put("message", done.message());
            }
            data.put("status", "success").set("result", result);
            yield "response";
          }
          case ServerMessage.Pong pong -> {
            Long timestamp = pong.timestamp();
            data.put("pingTimestamp", timestamp == null ? now.toEpochMilli() : timestamp)
                .put("pongTimestamp", now.toEpochMilli())
                .set("payload", pong.payload());
            yield "pong";
          }
          case ServerMessage.Ping ping -> {
            data.put("timestamp", now.toEpochMilli()).putNull("payload");
            yield "ping";
          }
          case ServerMessage.Refused(SocketRefusal refusal) -> refused(refusal, replyTo, data);
        };
    return JSON.createObjectNode()
        .put("version", MessageReader.PROTOCOL_VERSION)
        .put("messageId", RequestIds.newId().toString())
        .put("timestamp", now.toEpochMilli())
        .put("correlationId", replyTo.messageId())
        .put("type", type)
        .set("data", data);
  }

  private static String refused(SocketRefusal refusal, ReplyTo replyTo, ObjectNode data) {
    if (replyTo.call()) {
      data.put("status", "error");
    }
    data.put("code", refusal.code().name()).put("message", refusal.getMessage());
    if (refusal.details().isEmpty()) {
      data.putNull("details");
    } else {
      data.set("details", facts(refusal.details(), Dialect.ENVELOPE));
    }
    if (!replyTo.call()) {
      data.putNull("context");
    }
    return replyTo.call() ? "response" : "error";
  }

  private static ObjectNode metadata(RecordedEvent event) {
    return JSON.createObjectNode()
        .put("position", event.position())
        .put("agentId", event.agentId().value())
        .put("version", event.version())
        .put("time", event.time().toString())
        .put("eventId", event.eventId().toString())
        .set("actor", JSON.valueToTree(event.actor()))
        .put("correlationId", event.correlationId());
  }

  private static ObjectNode facts(Map<String, ?> facts, Dialect dialect) {
    ObjectNode json = JSON.createObjectNode();
    facts.forEach((name, value) -> json.set(dialect.member(name), valueOf(value)));
    return json;
  }

  private static tools.jackson.databind.JsonNode valueOf(@Nullable Object value) {
    return JSON.valueToTree(value);
  }
}
