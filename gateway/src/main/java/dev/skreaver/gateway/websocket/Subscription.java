package dev.skreaver.gateway.websocket;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.gateway.stream.StreamItem;
import dev.skreaver.gateway.websocket.Dialect.ReplyTo;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SignalType;

/**
 * One subscription of one connection. It takes a few items at a time from its stream, the next when
 * one is on its way to the client, so that what a client cannot take stays in the stream's own
 * bounded buffer. Used on the connection's event loop only.
 */
final class Subscription extends BaseSubscriber<Subscription.Item> {
  static final int AT_ONCE = 32;

  /** A client whose channel is silent while others are not is told how far it is, in ns. */
  private static final long SILENCE = Duration.ofSeconds(5).toNanos();

  private final Channel channel;
  private final Dialect dialect;
  private final Session session;
  private @Nullable Long sent;
  private @Nullable Long queued;
  private long skippedTo;
  private int onTheirWay;
  private long lastSpoke = System.nanoTime();

  /**
   * @param message null where the client does not want it but its position counts
   * @param position null for what has none
   */
  record Item(@Nullable ServerMessage message, @Nullable Long position) {}

  /**
   * @param from the position that the client is at; null for a channel without positions
   */
  Subscription(Channel channel, Dialect dialect, Session session, @Nullable Long from) {
    this.channel = channel;
    this.dialect = dialect;
    this.session = session;
    this.sent = from;
    this.queued = from;
  }

  /** The items of a stream of recorded events as this channel shows them. */
  static Flux<Item> items(Channel channel, Set<String> types, Flux<StreamItem> stream) {
    String name = channel.name();
    return stream.map(
        item ->
            switch (item) {
              case StreamItem.Event(var event, _) -> {
                boolean wanted =
                    channel.kind().carries(event.type())
                        && (types.isEmpty() || types.contains(event.type()));
                yield new Item(
                    wanted ? new ServerMessage.Event(name, event) : null, event.position());
              }
              case StreamItem.Gap(long requested, long earliest) ->
                  new Item(new ServerMessage.Gap(name, requested, earliest), null);
              case StreamItem.CaughtUp(long position) ->
                  new Item(new ServerMessage.CaughtUp(name, position), position);
              case StreamItem.Progress(long position) ->
                  new Item(new ServerMessage.Progress(name, position), position);
            });
  }

  /** The items of what this gateway announces. */
  static Flux<Item> items(Channel channel, Set<String> types, Notices notices, TenantId tenant) {
    return notices
        .heardBy(tenant, channel.kind())
        .filter(notice -> types.isEmpty() || types.contains(notice.eventType()))
        .map(
            notice ->
                new Item(
                    new ServerMessage.Notice(
                        channel.name(), notice.eventType(), notice.time(), notice.data()),
                    null));
  }

  Channel channel() {
    return channel;
  }

  ReplyTo replyTo() {
    return ReplyTo.unasked(dialect);
  }

  /** Everything up to here goes out before what is said next. */
  @Nullable Long queued() {
    return queued;
  }

  /** Everything up to here has been handed to the network; resume after it. */
  @Nullable Long sent() {
    return sent;
  }

  @Override
  protected void hookOnSubscribe(org.reactivestreams.Subscription upstream) {
    request(AT_ONCE);
  }

  @Override
  protected void hookOnNext(Item item) {
    ServerMessage message = item.message();
    Long position = item.position();
    if (position != null) {
      queued = position;
    }
    if (message == null && position != null && System.nanoTime() - lastSpoke > SILENCE) {
      message = new ServerMessage.Progress(channel.name(), position);
    }
    if (message == null) {
      skipped(position);
    } else {
      onTheirWay++;
      lastSpoke = System.nanoTime();
      session.deliver(message, dialect, () -> gone(position));
    }
  }

  @Override
  protected void hookOnError(Throwable failure) {
    session.failed(this, failure);
  }

  @Override
  protected void hookFinally(SignalType type) {
    session.ended(this);
  }

  private void gone(@Nullable Long position) {
    onTheirWay--;
    if (position != null) {
      sent = position;
    }
    catchUpWithSkipped();
    request(1);
  }

  private void skipped(@Nullable Long position) {
    if (position != null) {
      skippedTo = position;
      catchUpWithSkipped();
    }
    request(1);
  }

  /** What was skipped counts only when nothing from before it still waits. */
  private void catchUpWithSkipped() {
    if (onTheirWay == 0 && sent != null && skippedTo > sent) {
      sent = skippedTo;
    }
  }
}
