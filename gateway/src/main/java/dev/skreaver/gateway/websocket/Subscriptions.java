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
  private final Map<Channel, Subscription> open = new LinkedHashMap<>();

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
                          .filter(channel -> !open.containsKey(channel))
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
    Map<String, ?> facts = facts(channels.stream().filter(open::containsKey).toList());
    channels.forEach(this::end);
    return facts;
  }

  /**
   * @return the names of the channels that these permissions no longer allow
   */
  List<String> endForbidden(Set<Permission> permissions) {
    List<Channel> forbidden =
        open.keySet().stream().filter(channel -> !channel.kind().allowedTo(permissions)).toList();
    forbidden.forEach(this::end);
    return forbidden.stream().map(Channel::name).toList();
  }

  Map<String, ?> facts() {
    return facts(open.keySet());
  }

  /** Up to where each channel has been handed to the network. */
  Map<String, Long> positions() {
    var positions = new LinkedHashMap<String, Long>();
    open.forEach(
        (channel, subscription) -> {
          Long sent = subscription.sent();
          if (sent != null) {
            positions.put(channel.name(), sent);
          }
        });
    return positions;
  }

  /** Tells this client alone, if it listens to its notifications. */
  void notify(String eventType, Map<String, ?> data) {
    var channel = new Channel(Channel.Kind.NOTIFICATIONS, null);
    Subscription subscription = open.get(channel);
    if (subscription != null) {
      session.say(
          new ServerMessage.Notice(channel.name(), eventType, services.clock().instant(), data),
          subscription.replyTo());
    }
  }

  void ended(Subscription subscription) {
    if (open.remove(subscription.channel(), subscription)) {
      leave(subscription.channel());
    }
  }

  void cancel() {
    List.copyOf(open.keySet()).forEach(this::end);
  }

  private List<Checked> check(List<Wish> wishes) {
    var all = new ArrayList<Checked>();
    int more = 0;
    for (Wish wish : wishes) {
      Channel channel = Channel.named(wish.channel());
      channel.requireAllowedTo(session.identity().permissions());
      requireServed(channel, wish);
      all.add(new Checked(channel, wish));
      more += open.containsKey(channel) ? 0 : 1;
    }
    int most = services.settings().maxSubscriptions();
    if (open.size() + more > most) {
      throw new SocketRefusal(
          Code.SUBSCRIPTION_LIMIT_EXCEEDED,
          "A connection may have %d subscriptions; nothing is subscribed".formatted(most),
          Map.of("limit", most, "subscribed", open.size()));
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
    return open.containsKey(checked.channel()) && checked.wish().position() == null;
  }

  /** The subscription is listed at once and starts to flow after the acknowledgement. */
  private Runnable prepare(Checked checked, TenantId tenant, Dialect dialect, long head) {
    Channel channel = checked.channel();
    Wish wish = checked.wish();
    boolean recorded = channel.kind().source() == Source.EVENT_STORE;
    @Nullable Long from =
        recorded ? Long.valueOf(Objects.requireNonNullElse(wish.position(), head)) : null;
    Subscription before = open.get(channel);
    var subscription = new Subscription(channel, dialect, session, from);
    open.put(channel, subscription);
    if (before != null) {
      before.dispose();
    }
    Flux<Subscription.Item> items =
        recorded
            ? Subscription.items(
                channel, wish.types(), services.streams().open(tenant, channel.agent(), from))
            : Subscription.items(channel, wish.types(), services.notices(), tenant);
    return () ->
        items.publishOn(session.scheduler(), false, Subscription.AT_ONCE).subscribe(subscription);
  }

  private void end(Channel channel) {
    Subscription subscription = open.get(channel);
    if (subscription != null) {
      subscription.dispose();
      // One that does not flow yet tells nobody that it has ended.
      ended(subscription);
    }
  }

  private void leave(Channel channel) {
    services.subscribers().leave(session.identity().tenant(), channel);
  }

  private Map<String, ?> facts(Collection<Channel> channels) {
    var positions = new LinkedHashMap<String, Long>();
    for (Channel channel : channels) {
      Subscription subscription = open.get(channel);
      Long queued = subscription == null ? null : subscription.queued();
      if (queued != null) {
        positions.put(channel.name(), queued);
      }
    }
    return Map.of(
        "channels", channels.stream().map(Channel::name).toList(), "positions", positions);
  }
}
