package dev.skreaver.gateway.websocket;

import dev.skreaver.api.error.Refusal;
import dev.skreaver.gateway.websocket.ClientMessage.Quality;
import dev.skreaver.gateway.websocket.ClientMessage.Wish;
import dev.skreaver.gateway.websocket.Dialect.ReplyTo;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Understands what clients send. The dialect is found per message: an object with {@code version}
 * or {@code messageId} is an envelope, any other is flat.
 */
final class MessageReader {
  static final String PROTOCOL_VERSION = "1.0";

  private static final int MOST_CHARACTERS_OF_AN_ID = 128;

  private static final JsonMapper STRICT =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(32)
                          .maxStringLength(32 * 1024)
                          .maxNameLength(256)
                          .maxNumberLength(100)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private MessageReader() {}

  /** A message, or why it is none; and where the answer goes in both cases. */
  sealed interface Received {
    ReplyTo replyTo();

    record Understood(ReplyTo replyTo, ClientMessage message) implements Received {}

    record NotUnderstood(ReplyTo replyTo, SocketRefusal refusal) implements Received {}
  }

  /**
   * @param spoken the dialect for an error about something that is not even an object
   */
  static Received read(String text, Dialect spoken) {
    JsonNode root;
    try {
      root = STRICT.readTree(text);
    } catch (JacksonException e) {
      return new Received.NotUnderstood(ReplyTo.unasked(spoken), notJson(e));
    }
    if (!root.isObject()) {
      return new Received.NotUnderstood(
          ReplyTo.unasked(spoken), SocketRefusal.invalid("message", "must be a JSON object"));
    }
    ReplyTo replyTo = replyTo(root);
    try {
      Members members = Members.of(root, "");
      ClientMessage message = replyTo.dialect() == Dialect.FLAT ? flat(members) : envelope(members);
      return new Received.Understood(replyTo, message);
    } catch (SocketRefusal refusal) {
      return new Received.NotUnderstood(replyTo, refusal);
    } catch (Refusal refusal) {
      return new Received.NotUnderstood(replyTo, SocketRefusal.of(refusal));
    }
  }

  private static ReplyTo replyTo(JsonNode root) {
    if (!root.has("version") && !root.has("messageId")) {
      return ReplyTo.unasked(Dialect.FLAT);
    }
    JsonNode id = root.get("messageId");
    boolean usable =
        id != null && id.isString() && id.stringValue().length() <= MOST_CHARACTERS_OF_AN_ID;
    JsonNode type = root.get("type");
    return new ReplyTo(
        Dialect.ENVELOPE,
        usable ? id.stringValue() : null,
        type != null && type.isString() && type.stringValue().equals("request"));
  }

  private static ClientMessage flat(Members message) {
    String type = message.text("type");
    ClientMessage understood =
        switch (type) {
          case "ping" -> new ClientMessage.Ping(message.optionalWhole("timestamp"), null);
          case "pong" -> {
            message.optionalWhole("timestamp");
            yield new ClientMessage.Pong();
          }
          case "auth" -> new ClientMessage.Authenticate(message.text("token"));
          case "subscribe" -> {
            Long position = message.optionalWhole("position");
            yield subscribe(
                message.texts("channels").stream()
                    .map(name -> new Wish(name, Quality.AT_MOST_ONCE, position, Set.of()))
                    .toList());
          }
          case "unsubscribe" -> unsubscribe(message.texts("channels"));
          case "list" -> new ClientMessage.ListSubscriptions();
          default -> throw unknownType(type, "ping, pong, auth, subscribe, unsubscribe, list");
        };
    message.end();
    return understood;
  }

  private static ClientMessage envelope(Members message) {
    String version = message.text("version");
    if (!version.equals(PROTOCOL_VERSION)) {
      throw SocketRefusal.invalid("version", "must be \"" + PROTOCOL_VERSION + "\"");
    }
    if (message.text("messageId").length() > MOST_CHARACTERS_OF_AN_ID) {
      throw SocketRefusal.invalid(
          "messageId", "must have at most " + MOST_CHARACTERS_OF_AN_ID + " characters");
    }
    message.whole("timestamp");
    message.optional("correlationId");
    String type = message.text("type");
    Members data = message.object("data");
    message.end();
    ClientMessage understood =
        switch (type) {
          case "handshake" -> handshake(data);
          case "auth" -> authenticate(data);
          case "subscribe" -> subscription(data);
          case "request" -> call(data);
          case "ping" ->
              new ClientMessage.Ping(data.optionalWhole("timestamp"), data.optional("payload"));
          case "pong" -> {
            data.optionalWhole("pingTimestamp");
            data.optionalWhole("pongTimestamp");
            data.optional("payload");
            yield new ClientMessage.Pong();
          }
          default -> throw unknownType(type, "handshake, auth, subscribe, request, ping, pong");
        };
    data.end();
    return understood;
  }

  private static ClientMessage handshake(Members data) {
    data.texts("capabilities");
    data.object("metadata");
    return new ClientMessage.Handshake(
        data.text("clientName"), data.text("clientVersion"), data.texts("supportedVersions"));
  }

  private static ClientMessage authenticate(Members data) {
    JsonNode method = data.required("method");
    // Who the client says it is does not count; only its token does.
    data.optional("userInfo");
    if (!method.isString() || !method.stringValue().equals("bearer")) {
      throw SocketRefusal.invalid(data.at("method"), "only bearer is served; send an access token");
    }
    return new ClientMessage.Authenticate(data.text("token"));
  }

  private static ClientMessage subscription(Members data) {
    String action = data.text("action");
    return switch (action) {
      case "subscribe" -> {
        var wishes = new ArrayList<Wish>();
        for (Members channel : data.objects("channels")) {
          wishes.add(
              new Wish(
                  channel.text("channel"),
                  quality(channel),
                  channel.optionalWhole("position"),
                  types(channel)));
          channel.end();
        }
        yield subscribe(wishes);
      }
      case "unsubscribe" -> {
        var names = new ArrayList<String>();
        for (Members channel : data.objects("channels")) {
          names.add(channel.text("channel"));
          channel.optional("qos");
          channel.optional("filters");
          channel.end();
        }
        yield unsubscribe(names);
      }
      case "list" -> {
        data.optional("channels");
        yield new ClientMessage.ListSubscriptions();
      }
      default ->
          throw SocketRefusal.invalid(data.at("action"), "must be subscribe, unsubscribe or list");
    };
  }

  private static Quality quality(Members channel) {
    String name = channel.text("qos");
    for (Quality quality : Quality.values()) {
      if (quality.wireName().equals(name)) {
        return quality;
      }
    }
    throw SocketRefusal.invalid(
        channel.at("qos"), "must be atMostOnce, atLeastOnce or exactlyOnce");
  }

  private static Set<String> types(Members channel) {
    if (channel.optional("filters") == null) {
      return Set.of();
    }
    Members filters = channel.object("filters");
    Set<String> types =
        filters.optional("types") == null
            ? Set.of()
            : Set.copyOf(new LinkedHashSet<>(filters.texts("types")));
    filters.end();
    return types;
  }

  private static ClientMessage call(Members data) {
    String method = data.text("method");
    JsonNode params = data.required("params");
    data.optionalWhole("timeout");
    return switch (method) {
      case "ping" -> new ClientMessage.CallPing();
      case "get_stats" -> new ClientMessage.CallStats();
      case "subscribe" ->
          subscribe(
              channelParams(params).stream()
                  .map(name -> new Wish(name, Quality.AT_MOST_ONCE, null, Set.of()))
                  .toList());
      case "unsubscribe" -> unsubscribe(channelParams(params));
      default -> new ClientMessage.CallUnknown(method);
    };
  }

  private static List<String> channelParams(JsonNode params) {
    try {
      return Members.texts(params, "data.params");
    } catch (SocketRefusal refusal) {
      throw new SocketRefusal(
          SocketRefusal.Code.INVALID_PARAMS, refusal.getMessage(), refusal.details());
    }
  }

  private static ClientMessage subscribe(List<Wish> wishes) {
    var names = new LinkedHashSet<String>();
    for (Wish wish : wishes) {
      if (!names.add(wish.channel())) {
        throw SocketRefusal.invalid(
            "channels", "names '%s' twice".formatted(Refusal.quote(wish.channel())));
      }
    }
    requireSome(names);
    return new ClientMessage.Subscribe(wishes);
  }

  private static ClientMessage unsubscribe(List<String> channels) {
    requireSome(channels);
    return new ClientMessage.Unsubscribe(List.copyOf(new LinkedHashSet<>(channels)));
  }

  private static void requireSome(java.util.Collection<String> channels) {
    if (channels.isEmpty()) {
      throw SocketRefusal.invalid("channels", "must name at least one channel");
    }
  }

  private static SocketRefusal unknownType(String type, String known) {
    return SocketRefusal.invalid(
        "type", "'%s' is unknown; use one of %s".formatted(Refusal.quote(type), known));
  }

  private static SocketRefusal notJson(JacksonException e) {
    String reason = e.getOriginalMessage();
    @Nullable String duplicate = duplicateKey(reason);
    if (duplicate != null) {
      return SocketRefusal.invalid(duplicate, "is given twice");
    }
    String rule =
        e instanceof StreamConstraintsException
            ? "is too deep, or has a name, text or number that is too long"
            : "is not valid JSON";
    return new SocketRefusal(
        SocketRefusal.Code.INVALID_MESSAGE, "The message " + rule, Map.of("field", "message"));
  }

  private static @Nullable String duplicateKey(@Nullable String reason) {
    if (reason == null || !reason.startsWith("Duplicate")) {
      return null;
    }
    int open = reason.indexOf('"');
    int close = reason.lastIndexOf('"');
    return open < close ? Refusal.quote(reason.substring(open + 1, close)) : null;
  }
}
