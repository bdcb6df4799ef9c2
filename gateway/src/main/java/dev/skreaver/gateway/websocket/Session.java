package dev.skreaver.gateway.websocket;

import dev.skreaver.gateway.security.Identity;
import dev.skreaver.gateway.stream.SlowConsumer;
import dev.skreaver.gateway.websocket.Dialect.ReplyTo;
import dev.skreaver.gateway.websocket.MessageAssembler.Heard;
import dev.skreaver.gateway.websocket.SocketRefusal.Code;
import dev.skreaver.platform.web.RequestIds;
import io.github.bucket4j.Bucket;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.websocket.WebsocketInbound;
import reactor.netty.http.websocket.WebsocketOutbound;

/**
 * One open connection: its frames, its timers and its end. What is said on it is the matter of
 * {@link Conversation}. Everything here happens on the connection's event loop.
 */
final class Session {
  private static final Logger LOG = LoggerFactory.getLogger(Session.class);

  /** How long a client may take to receive the last frames. */
  private static final Duration FAREWELL = Duration.ofSeconds(5);

  /** Before them a client that was cut still has to take what it left waiting in the network. */
  private static final Duration FAREWELL_TO_THE_SLOW = Duration.ofSeconds(30);

  /** How long before its token expires a client is told. */
  private static final Duration EXPIRY_NOTICE = Duration.ofMinutes(1);

  private final SocketServices services;
  private final Channel channel;
  private final Scheduler scheduler;
  private final UUID id = RequestIds.newId();
  private final Outbox outbox;
  private final MessageAssembler assembler;
  private final Bucket messages;
  private final Bucket pings;
  private final Conversation conversation;
  private final Disposable.Swap expiry = Disposables.swap();
  private final Sinks.Empty<Void> over = Sinks.empty();

  private @Nullable Identity identity;
  private boolean closing;
  private boolean unanswered;
  private boolean answering;
  private long lastHeard = System.nanoTime();

  Session(SocketServices services, Channel channel) {
    WebSocketSettings settings = services.settings();
    this.services = services;
    this.channel = channel;
    this.scheduler = Schedulers.fromExecutorService(channel.eventLoop());
    this.outbox = new Outbox(settings.bufferSize());
    this.assembler = new MessageAssembler(settings.maxMessageSize());
    this.messages = perSecond(settings.messagesPerSecond());
    this.pings = perSecond(WebSocketSettings.PINGS_PER_SECOND);
    this.conversation = new Conversation(services, this);
  }

  private static Bucket perSecond(int most) {
    return Bucket.builder()
        .addLimit(limit -> limit.capacity(most).refillGreedy(most, Duration.ofSeconds(1)))
        .build();
  }

  /**
   * Runs the connection until it is closed by either side.
   *
   * @param admitted from the handshake; null if the client is yet to authenticate
   */
  Mono<Void> run(WebsocketInbound in, WebsocketOutbound out, @Nullable Identity admitted) {
    Farewell.whenClosed(channel, this::finish);
    out.sendObject(outbox.frames())
        .then()
        .subscribe(sent -> {}, this::unsent, () -> Farewell.begin(channel));
    conversation.welcome();
    if (admitted == null) {
      after(services.settings().authTimeout(), this::requireAuthenticated);
    } else {
      admit(admitted);
    }
    watchPings();
    watchSilence();
    in.receiveFrames()
        .<Heard>handle(
            (frame, sink) -> {
              Heard heard = hear(frame);
              if (heard != null) {
                sink.next(heard);
              }
            })
        .concatMap(this::answer, 1)
        .takeUntilOther(over.asMono())
        .subscribe(done -> {}, this::broken, () -> Farewell.now(channel));
    return over.asMono();
  }

  /** While one message is answered, frames after the next are not read, and no pong is heard. */
  private Mono<Void> answer(Heard heard) {
    return Mono.defer(
            () -> {
              answering = true;
              return conversation.on(heard);
            })
        // Not finally: that would be after the next message has begun to be answered.
        .doOnTerminate(
            () -> {
              answering = false;
              lastHeard = System.nanoTime();
            });
  }

  UUID id() {
    return id;
  }

  Scheduler scheduler() {
    return scheduler;
  }

  boolean isAuthenticated() {
    return identity != null;
  }

  /**
   * @throws SocketRefusal {@code AUTHENTICATION_FAILED} before the client has authenticated
   */
  Identity identity() {
    Identity known = identity;
    if (known == null) {
      throw new SocketRefusal(
          Code.AUTHENTICATION_FAILED,
          "Authenticate first: send an auth message with an access token",
          Map.of());
    }
    return known;
  }

  /** The client is known from now on, until its token expires. */
  void admit(Identity known) {
    if (identity == null) {
      services.metrics().authenticated();
    }
    identity = known;
    Duration left = Duration.between(now(), known.expiresAt());
    expiry.update(
        Disposables.composite(
            after(left.minus(EXPIRY_NOTICE), () -> conversation.tokenExpiresSoon(known)),
            after(left, this::expire)));
    // Without the subject: what is logged cannot be erased.
    LOG.info("websocket auth ok connection={} tenant={}", id, known.tenant());
  }

  private void expire() {
    refuse(
        ReplyTo.unasked(conversation.spoken()),
        new SocketRefusal(Code.AUTHENTICATION_FAILED, "The token has expired", Map.of()));
    close(CloseCode.UNAUTHENTICATED, "token expired");
  }

  /** Says something that is no event. A client that lets answers pile up is cut. */
  void say(ServerMessage message, ReplyTo replyTo) {
    if (closing) {
      return;
    }
    if (outbox.isFull()) {
      cut();
      return;
    }
    byte[] json = MessageWriter.write(message, replyTo, now());
    outbox.answer(() -> frame(json, false));
  }

  void refuse(ReplyTo replyTo, SocketRefusal refusal) {
    services.metrics().refused(refusal.code());
    LOG.debug("websocket refused connection={} code={}", id, refusal.code());
    say(new ServerMessage.Refused(refusal), replyTo);
  }

  /**
   * @param gone is told when the message is handed to the network
   */
  void deliver(ServerMessage message, Dialect dialect, Runnable gone) {
    if (closing) {
      return;
    }
    byte[] json = MessageWriter.write(message, ReplyTo.unasked(dialect), now());
    boolean event =
        message instanceof ServerMessage.Event || message instanceof ServerMessage.Notice;
    outbox.event(() -> frame(json, event), gone);
  }

  /** A subscription's stream failed: the client learns where to resume. */
  void failed(Subscription subscription, Throwable failure) {
    if (failure instanceof SlowConsumer) {
      cut();
    } else {
      conversation.lost(subscription, failure);
    }
  }

  void ended(Subscription subscription) {
    conversation.ended(subscription);
  }

  /** Tells everyone who is left and closes; for the end of the gateway. */
  Mono<Void> shutDown(ServerMessage farewell) {
    scheduler.schedule(
        () -> {
          say(farewell, ReplyTo.unasked(conversation.spokenOr(Dialect.ENVELOPE)));
          close(CloseCode.GOING_AWAY, "the gateway shuts down; reconnect and resume");
        });
    return over.asMono();
  }

  void close(CloseCode code, String reason) {
    if (closing) {
      return;
    }
    closing = true;
    conversation.cancelSubscriptions();
    outbox.answer(() -> new CloseWebSocketFrame(code.status(), reason));
    outbox.complete();
    after(
        code == CloseCode.SLOW_CONSUMER ? FAREWELL_TO_THE_SLOW : FAREWELL,
        () -> Farewell.now(channel));
    LOG.info("websocket closed connection={} code={} reason={}", id, code.status(), reason);
  }

  /** The client did not keep up: what waits is dropped, and it is told where it is. */
  private void cut() {
    if (closing) {
      return;
    }
    Map<String, Long> positions = conversation.positions();
    outbox.clear();
    var refusal =
        new SocketRefusal(
            Code.SLOW_CONSUMER,
            "The connection did not keep up; reconnect and resume each channel after its position",
            Map.of("lastPosition", positions));
    refuse(ReplyTo.unasked(conversation.spoken()), refusal);
    conversation.tellAdmins("slow consumer cut", Map.of("lastPosition", positions));
    close(CloseCode.SLOW_CONSUMER, "slow consumer");
  }

  private @Nullable Heard hear(WebSocketFrame frame) {
    lastHeard = System.nanoTime();
    unanswered = false;
    if (closing || frame instanceof PongWebSocketFrame) {
      return null;
    }
    if (frame instanceof PingWebSocketFrame ping) {
      return pong(ping);
    }
    Heard heard = assembler.add(frame);
    if (heard != null) {
      services.metrics().received();
      if (!messages.tryConsume(1)) {
        return new Heard.TooMany();
      }
    }
    return heard;
  }

  private @Nullable Heard pong(PingWebSocketFrame ping) {
    if (!pings.tryConsume(1)) {
      return new Heard.Abuse(
          CloseCode.POLICY_VIOLATION,
          "more than %d pings per second".formatted(WebSocketSettings.PINGS_PER_SECOND));
    }
    byte[] payload = new byte[ping.content().readableBytes()];
    ping.content().getBytes(ping.content().readerIndex(), payload);
    if (outbox.isFull()) {
      cut();
    } else {
      outbox.answer(() -> new PongWebSocketFrame(Unpooled.wrappedBuffer(payload)));
    }
    return null;
  }

  private void requireAuthenticated() {
    if (!isAuthenticated() && !closing) {
      refuse(
          ReplyTo.unasked(conversation.spoken()),
          new SocketRefusal(
              Code.AUTHENTICATION_FAILED,
              "No valid auth message within %d s"
                  .formatted(services.settings().authTimeout().toSeconds()),
              Map.of()));
      close(CloseCode.UNAUTHENTICATED, "not authenticated in time");
    }
  }

  private void watchPings() {
    after(services.settings().pingInterval(), this::ping);
  }

  private void ping() {
    if (closing || !channel.isActive()) {
      return;
    }
    unanswered = true;
    outbox.answer(PingWebSocketFrame::new);
    if (conversation.hasSpoken()) {
      say(new ServerMessage.Ping(), ReplyTo.unasked(conversation.spoken()));
    }
    after(services.settings().pongTimeout(), this::requireAnswered);
  }

  private void requireAnswered() {
    Duration left = leftOf(services.settings().pongTimeout());
    if (!unanswered || closing) {
      watchPings();
    } else if (left.isPositive()) {
      after(left, this::requireAnswered);
    } else {
      close(CloseCode.UNRESPONSIVE, "no answer to a ping");
    }
  }

  private void watchSilence() {
    Duration left = leftOf(services.settings().idleTimeout());
    if (!left.isPositive()) {
      close(CloseCode.UNRESPONSIVE, "nothing heard within the idle timeout");
    } else if (!closing && channel.isActive()) {
      after(left, this::watchSilence);
    }
  }

  /** How much longer a client may be silent; it is not while the gateway does not listen. */
  private Duration leftOf(Duration silence) {
    return answering ? silence : silence.minusNanos(System.nanoTime() - lastHeard);
  }

  private void unsent(Throwable failure) {
    if (channel.isActive()) {
      LOG.warn("websocket cannot be written to connection={}", id, failure);
    }
    Farewell.now(channel);
  }

  private void broken(Throwable failure) {
    if (failure instanceof CorruptedWebSocketFrameException corrupted) {
      CloseCode code =
          switch (corrupted.closeStatus().code()) {
            case 1007 -> CloseCode.NOT_UTF8;
            case 1009 -> CloseCode.TOO_BIG;
            default -> CloseCode.PROTOCOL_ERROR;
          };
      close(code, "invalid frame");
    } else if (channel.isActive()) {
      LOG.warn("websocket failed connection={}", id, failure);
      close(CloseCode.INTERNAL_ERROR, "internal error");
    }
  }

  private void finish() {
    boolean wasAuthenticated = isAuthenticated();
    closing = true;
    expiry.dispose();
    conversation.cancelSubscriptions();
    services.metrics().closed(wasAuthenticated);
    over.tryEmitEmpty();
  }

  private WebSocketFrame frame(byte[] json, boolean event) {
    services.metrics().sent(event);
    return new TextWebSocketFrame(Unpooled.wrappedBuffer(json));
  }

  private Disposable after(Duration delay, Runnable task) {
    return scheduler.schedule(task, Math.max(0, delay.toNanos()), TimeUnit.NANOSECONDS);
  }

  private Instant now() {
    return services.clock().instant();
  }
}
