package dev.skreaver.gateway.websocket;

import dev.skreaver.api.error.Refusal;
import dev.skreaver.gateway.security.Identity;
import dev.skreaver.gateway.security.Permission;
import dev.skreaver.gateway.websocket.Dialect.ReplyTo;
import dev.skreaver.gateway.websocket.MessageAssembler.Heard;
import dev.skreaver.gateway.websocket.MessageReader.Received;
import dev.skreaver.gateway.websocket.SocketRefusal.Code;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** What is said on one connection: each message of the client and its answer. */
final class Conversation {
  private static final Logger LOG = LoggerFactory.getLogger(Conversation.class);

  /** Guessing tokens, or talking on against the limit, ends the connection. */
  private static final int PATIENCE = 5;

  private static final int PATIENCE_WITH_A_FLOOD = 100;

  private final SocketServices services;
  private final Session session;
  private final Subscriptions subscriptions;
  private @Nullable Dialect spoken;
  private int failedAuthentications;
  private int flood;

  Conversation(SocketServices services, Session session) {
    this.services = services;
    this.session = session;
    this.subscriptions = new Subscriptions(services, session);
  }

  /** The first message; an envelope, because no client has spoken yet (wire contract §3.4). */
  void welcome() {
    var facts = new LinkedHashMap<String, Object>();
    facts.put("connectionId", session.id().toString());
    facts.put("serverVersion", Version.CURRENT);
    facts.put("protocolVersion", MessageReader.PROTOCOL_VERSION);
    facts.put("availableChannels", Channel.standardNames());
    session.say(
        new ServerMessage.Notice("system", "server.started", services.clock().instant(), facts),
        ReplyTo.unasked(Dialect.ENVELOPE));
  }

  /** Ends when the message is dealt with; the next is not looked at before. */
  Mono<Void> on(Heard heard) {
    return Mono.defer(() -> answer(heard))
        .onErrorResume(failure -> refuse(ReplyTo.unasked(spoken()), refusalOf(failure)));
  }

  private Mono<Void> answer(Heard heard) {
    return switch (heard) {
      case Heard.Text(String text) -> answer(MessageReader.read(text, spoken()));
      case Heard.TooLarge(int bytes) ->
          refuse(
              ReplyTo.unasked(spoken()),
              new SocketRefusal(
                  Code.MESSAGE_TOO_LARGE,
                  "The message has %d bytes; send at most %d"
                      .formatted(bytes, services.settings().maxMessageSize()),
                  Map.of("limit", services.settings().maxMessageSize(), "size", bytes)));
      case Heard.Binary binary ->
          refuse(
              ReplyTo.unasked(spoken()),
              SocketRefusal.invalid("message", "binary frames are not read; send text"));
      case Heard.TooMany tooMany -> {
        if (++flood > PATIENCE_WITH_A_FLOOD) {
          session.close(CloseCode.POLICY_VIOLATION, "too many messages");
          yield Mono.empty();
        }
        yield refuse(
            ReplyTo.unasked(spoken()),
            new SocketRefusal(
                Code.RATE_LIMIT_EXCEEDED,
                "More than %d messages per second; this one is not read"
                    .formatted(services.settings().messagesPerSecond()),
                Map.of("limit", services.settings().messagesPerSecond())));
      }
      case Heard.Abuse(CloseCode code, String reason) -> {
        tellAdmins("protocol error", Map.of("code", code.status(), "cause", reason));
        session.close(code, reason);
        yield Mono.empty();
      }
    };
  }

  private Mono<Void> answer(Received received) {
    ReplyTo replyTo = received.replyTo();
    spoken = replyTo.dialect();
    flood = 0;
    return switch (received) {
      case Received.NotUnderstood(ReplyTo to, SocketRefusal refusal) -> {
        tellAdmins("message refused", Map.of("cause", refusal.getMessage()));
        yield refuse(to, refusal);
      }
      case Received.Understood(ReplyTo to, ClientMessage message) ->
          Mono.defer(() -> carryOut(message, to))
              .publishOn(session.scheduler())
              .onErrorResume(failure -> refuse(to, refusalOf(failure)));
    };
  }

  private Mono<Void> carryOut(ClientMessage message, ReplyTo replyTo) {
    switch (message) {
      case ClientMessage.Ping ping ->
          say(new ServerMessage.Pong(ping.timestamp(), ping.payload()), replyTo);
      case ClientMessage.Pong pong -> {}
      case ClientMessage.Handshake handshake -> agree(handshake, replyTo);
      case ClientMessage.ListSubscriptions list -> {
        session.identity();
        done("Subscriptions", subscriptions.facts(), replyTo);
      }
      case ClientMessage.Unsubscribe(List<String> channels) -> {
        session.identity();
        done("Unsubscription successful", subscriptions.end(channels), replyTo);
      }
      case ClientMessage.CallPing call ->
          say(
              new ServerMessage.Done(
                  null, Map.of("timestamp", services.clock().instant().toEpochMilli())),
              replyTo);
      case ClientMessage.CallStats call -> stats(replyTo);
      case ClientMessage.CallUnknown(String method) ->
          throw new SocketRefusal(
              Code.METHOD_NOT_FOUND,
              "No method '%s'; use ping, subscribe, unsubscribe or get_stats"
                  .formatted(Refusal.quote(method)),
              Map.of("field", "data.method"));
      case ClientMessage.Authenticate(String token) -> {
        return authenticate(token, replyTo);
      }
      case ClientMessage.Subscribe(var wishes) -> {
        return subscriptions
            .begin(
                wishes, replyTo.dialect(), facts -> done("Subscription successful", facts, replyTo))
            .doOnError(failure -> services.metrics().subscriptionFailed());
      }
    }
    return Mono.empty();
  }

  private void agree(ClientMessage.Handshake handshake, ReplyTo replyTo) {
    if (!handshake.supportedVersions().contains(MessageReader.PROTOCOL_VERSION)) {
      throw SocketRefusal.invalid(
          "data.supportedVersions",
          "must contain \"" + MessageReader.PROTOCOL_VERSION + "\", the only one served");
    }
    var facts = new LinkedHashMap<String, Object>();
    facts.put("connectionId", session.id().toString());
    facts.put("serverName", "skreaver-gateway");
    facts.put("serverVersion", Version.CURRENT);
    facts.put("protocolVersion", MessageReader.PROTOCOL_VERSION);
    facts.put(
        "capabilities",
        List.of("resume", "typeFilter", "subscriptionAck", "gapNotice", "positionNotice"));
    done("Handshake successful", facts, replyTo);
  }

  private Mono<Void> authenticate(String token, ReplyTo replyTo) {
    return services
        .identities()
        .fromToken(token)
        .publishOn(session.scheduler())
        .doOnNext(known -> admit(known, replyTo))
        .doOnError(
            failure -> {
              LOG.info("websocket auth failed connection={}", session.id());
              failedAuthentications++;
            })
        .then()
        .onErrorResume(
            failure ->
                refuse(replyTo, refusalOf(failure))
                    .doOnSuccess(
                        told -> {
                          if (failedAuthentications >= PATIENCE) {
                            session.close(CloseCode.UNAUTHENTICATED, "too many failed auths");
                          }
                        }));
  }

  /** A second token may prolong the connection, but not turn it into someone else's. */
  private void admit(Identity known, ReplyTo replyTo) {
    if (session.isAuthenticated()) {
      Identity before = session.identity();
      if (!before.tenant().equals(known.tenant()) || !before.subject().equals(known.subject())) {
        throw new SocketRefusal(
            Code.AUTHENTICATION_FAILED,
            "The connection belongs to another subject; open a new one",
            Map.of());
      }
    }
    session.admit(known);
    var facts = new LinkedHashMap<String, Object>();
    facts.put("userId", known.subject());
    facts.put("tenant", known.tenant().value());
    facts.put(
        "permissions", known.permissions().stream().map(Permission::wireName).sorted().toList());
    facts.put("expiresAt", known.expiresAt().toString());
    facts.put("ended", subscriptions.endForbidden(known.permissions()));
    done("Authentication successful", facts, replyTo);
  }

  private void stats(ReplyTo replyTo) {
    Identity known = session.identity();
    if (!known.may(Permission.METRICS_VIEW) && !known.may(Permission.ADMIN_ACCESS)) {
      throw new SocketRefusal(
          Code.PERMISSION_DENIED,
          "get_stats needs the permission metrics:view",
          Map.of("requiredPermission", Permission.METRICS_VIEW.wireName()));
    }
    say(
        new ServerMessage.Done(
            null, services.metrics().connections(services.subscribers().channels())),
        replyTo);
  }

  /** The stream of a subscription failed; the rest of the connection goes on. */
  void lost(Subscription subscription, Throwable failure) {
    SocketRefusal cause = refusalOf(failure);
    var details = new LinkedHashMap<String, Object>(cause.details());
    details.put("channel", subscription.channel().name());
    Long position = subscription.sent();
    if (position != null) {
      details.put("lastPosition", position);
    }
    session.refuse(
        subscription.replyTo(),
        new SocketRefusal(
            cause.code(),
            "The subscription of '%s' has ended: %s; subscribe again after its last position"
                .formatted(subscription.channel().name(), cause.getMessage()),
            details));
  }

  /** In time for the client to authenticate again on the same connection. */
  void tokenExpiresSoon(Identity known) {
    subscriptions.notify(
        "user.notification",
        Map.of("notification", "token_expires", "expiresAt", known.expiresAt().toString()));
  }

  void ended(Subscription subscription) {
    subscriptions.ended(subscription);
  }

  void cancelSubscriptions() {
    subscriptions.cancel();
  }

  Map<String, Long> positions() {
    return subscriptions.positions();
  }

  boolean hasSpoken() {
    return spoken != null;
  }

  /** The dialect for what nobody asked for: the one that the client spoke last. */
  Dialect spoken() {
    return spoken == null ? Dialect.FLAT : spoken;
  }

  Dialect spokenOr(Dialect silent) {
    return spoken == null ? silent : spoken;
  }

  void tellAdmins(String what, Map<String, ?> facts) {
    var data = new LinkedHashMap<String, Object>(facts);
    data.put("event", what);
    data.put("connectionId", session.id().toString());
    if (session.isAuthenticated()) {
      services
          .notices()
          .announce(Channel.Kind.DEBUG, session.identity().tenant(), "debug.event", data);
    }
  }

  private Mono<Void> refuse(ReplyTo replyTo, SocketRefusal refusal) {
    session.refuse(replyTo, refusal);
    return Mono.empty();
  }

  private void done(String message, Map<String, ?> facts, ReplyTo replyTo) {
    say(new ServerMessage.Done(message, facts), replyTo);
  }

  private void say(ServerMessage message, ReplyTo replyTo) {
    session.say(message, replyTo);
  }

  private SocketRefusal refusalOf(Throwable failure) {
    return switch (failure) {
      case SocketRefusal refusal -> refusal;
      case Refusal refusal -> SocketRefusal.of(refusal);
      default -> {
        LOG.warn("websocket message failed connection={}", session.id(), failure);
        yield new SocketRefusal(
            Code.INTERNAL_ERROR,
            "Something failed on our side; the connection id leads to it in our logs",
            Map.of("connectionId", session.id().toString()));
      }
    };
  }
}
