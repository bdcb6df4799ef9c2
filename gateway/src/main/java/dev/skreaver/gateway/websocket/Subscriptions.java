package dev.skreaver.gateway.websocket;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.gateway.security.Permission;
import dev.skreaver.gateway.websocket.Channel.Source;
import dev.skreaver.gateway.websocket.ClientMessage.Quality;
import dev.skreaver.gateway.websocket.ClientMessage.Wish;
import dev.skreaver.gateway.websocket.SocketRefusal.Code;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The subscriptions of one connection. Used on the connection's event loop only. */
final class Subscriptions {
  private final SocketServices services;
  private final Session session;
  private final Map<Channel, Feed> feeds = new LinkedHashMap<>();

  Subscriptions(SocketServices services, Session session) {
    this.services = services;
    this.session = session;
  }

  private record Checked(Channel channel, Wish wish) {}

  /**
   * Begins all that is wished, or nothing. A channel that is subscribed already goes on as it is,
   * or from the position that is wished now.
   *
   * @param acknowledge is told what is subscribed, before the first event
   */
  Mono<Void> begin(List<Wish> wishes, Dialect dialect, Consumer<Map<String, ?>> acknowledge) {
    TenantId tenant = session.identity().tenant();
    List<Checked> all = check(wishes);
    return services
        .queries()
        .bounds()
        .publishOn(session.scheduler())
        .doOnNext(
            bounds -> {
              all.forEach(checked -> requireReached(checked, bounds));
              List<Checked> fresh = all.stream().filter(checked -> !goesOn(checked)).toList();
              services
                  .subscribers()
                  .join(
                      tenant,
                      fresh.stream()
                          .map(Checked::channel)
                          .filter(channel -> !feeds.containsKey(channel))
                          .toList());
              List<Runnable> starts =
                  fresh.stream()
                      .map(checked -> prepare(checked, tenant, dialect, bounds.head()))
                      .toList();
              acknowledge.accept(facts(all.stream().map(Checked::channel).toList()));
              starts.forEach(Runnable::run);
            })
        .then();
  }

  /**
   * Ends what is named and subscribed. What has been sent before the answer was still asked for.
   *
   * @return the channels and where they ended
   */
  Map<String, ?> end(List<String> names) {
    List<Channel> channels = names.stream().map(Channel::named).toList();
    Map<String, ?> facts = facts(channels.stream().filter(feeds::containsKey).toList());
    channels.forEach(this::end);
    return facts;
  }

  /**
   * @return the names of the channels that these permissions no longer allow
   */
  List<String> endForbidden(Set<Permission> permissions) {
    List<Channel> forbidden =
        feeds.keySet().stream().filter(channel -> !channel.kind().allowedTo(permissions)).toList();
    forbidden.forEach(this::end);
    return forbidden.stream().map(Channel::name).toList();
  }

  Map<String, ?> facts() {
    return facts(feeds.keySet());
  }

  /** Up to where each channel has been handed to the network. */
  Map<String, Long> positions() {
    var positions = new LinkedHashMap<String, Long>();
    feeds.forEach(
        (channel, feed) -> {
          Long sent = feed.sent();
          if (sent != null) {
            positions.put(channel.name(), sent);
          }
        });
    return positions;
  }

  /** Tells this client alone, if it listens to its notifications. */
  void notify(String eventType, Map<String, ?> data) {
    var channel = new Channel(Channel.Kind.NOTIFICATIONS, null);
    Feed feed = feeds.get(channel);
    if (feed != null) {
      session.say(
          new ServerMessage.Notice(channel.name(), eventType, services.clock().instant(), data),
          feed.replyTo());
    }
  }

  void ended(Feed feed) {
    if (feeds.remove(feed.channel(), feed)) {
      leave(feed.channel());
    }
  }

  void cancel() {
    List.copyOf(feeds.values()).forEach(Feed::dispose);
  }

  private List<Checked> check(List<Wish> wishes) {
    var all = new ArrayList<Checked>();
    int more = 0;
    for (Wish wish : wishes) {
      Channel channel = Channel.named(wish.channel());
      channel.requireAllowedTo(session.identity().permissions());
      requireServed(channel, wish);
      all.add(new Checked(channel, wish));
      more += feeds.containsKey(channel) ? 0 : 1;
    }
    int most = services.settings().maxSubscriptions();
    if (feeds.size() + more > most) {
      throw new SocketRefusal(
          Code.SUBSCRIPTION_LIMIT_EXCEEDED,
          "A connection may have %d subscriptions; nothing is subscribed".formatted(most),
          Map.of("limit", most, "subscribed", feeds.size()));
    }
    return all;
  }

  private static void requireServed(Channel channel, Wish wish) {
    if (channel.kind().source() == Source.EVENT_STORE) {
      return;
    }
    if (wish.position() != null) {
      throw SocketRefusal.invalid(
          "position", "channel '%s' has no history".formatted(channel.name()));
    }
    if (wish.quality() != Quality.AT_MOST_ONCE) {
      throw SocketRefusal.invalid(
          "qos", "channel '%s' gives atMostOnce only".formatted(channel.name()));
    }
  }

  private static void requireReached(Checked checked, EventQueries.Bounds bounds) {
    Long position = checked.wish().position();
    if (position != null && position > bounds.head()) {
      throw SocketRefusal.invalid(
          "position", "%d has not been reached, the last is %d".formatted(position, bounds.head()));
    }
  }

  private boolean goesOn(Checked checked) {
    return feeds.containsKey(checked.channel()) && checked.wish().position() == null;
  }

  /** The feed is listed at once and starts to flow after the acknowledgement. */
  private Runnable prepare(Checked checked, TenantId tenant, Dialect dialect, long head) {
    Channel channel = checked.channel();
    Wish wish = checked.wish();
    boolean recorded = channel.kind().source() == Source.EVENT_STORE;
    @Nullable Long from =
        recorded ? Long.valueOf(Objects.requireNonNullElse(wish.position(), head)) : null;
    Feed before = feeds.get(channel);
    var feed = new Feed(channel, dialect, session, from);
    feeds.put(channel, feed);
    if (before != null) {
      before.dispose();
    }
    Flux<Feed.Item> items =
        recorded
            ? Feed.items(
                channel, wish.types(), services.streams().open(tenant, channel.agent(), from))
            : Feed.items(channel, wish.types(), services.notices(), tenant);
    return () -> items.publishOn(session.scheduler(), false, Feed.AT_ONCE).subscribe(feed);
  }

  private void end(Channel channel) {
    Feed feed = feeds.get(channel);
    if (feed != null) {
      feed.dispose();
      ended(feed);
    }
  }

  private void leave(Channel channel) {
    services.subscribers().leave(session.identity().tenant(), channel);
  }

  private Map<String, ?> facts(Collection<Channel> channels) {
    var positions = new LinkedHashMap<String, Long>();
    for (Channel channel : channels) {
      Feed feed = feeds.get(channel);
      Long queued = feed == null ? null : feed.queued();
      if (queued != null) {
        positions.put(channel.name(), queued);
      }
    }
    return Map.of(
        "channels", channels.stream().map(Channel::name).toList(), "positions", positions);
  }
}
