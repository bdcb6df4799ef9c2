package dev.skreaver.gateway.websocket;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.gateway.websocket.SocketRefusal.Code;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How many connections of this gateway are subscribed to each channel of each tenant. */
final class Subscribers {
  private final ConcurrentHashMap<Key, Integer> counts = new ConcurrentHashMap<>();
  private final int most;

  Subscribers(int most) {
    this.most = most;
  }

  private record Key(TenantId tenant, Channel channel) {}

  /**
   * Takes a place on every one of the channels, or on none.
   *
   * @throws SocketRefusal {@code CHANNEL_SUBSCRIBER_LIMIT_EXCEEDED}
   */
  void join(TenantId tenant, List<Channel> channels) {
    var joined = new ArrayList<Channel>();
    for (Channel channel : channels) {
      int count = counts.merge(new Key(tenant, channel), 1, Integer::sum);
      joined.add(channel);
      if (count > most) {
        joined.forEach(taken -> leave(tenant, taken));
        throw new SocketRefusal(
            Code.CHANNEL_SUBSCRIBER_LIMIT_EXCEEDED,
            "Channel '%s' has its %d subscribers; nothing is subscribed"
                .formatted(channel.name(), most),
            Map.of("channel", channel.name(), "limit", most));
      }
    }
  }

  void leave(TenantId tenant, Channel channel) {
    counts.computeIfPresent(
        new Key(tenant, channel), (key, count) -> count == 1 ? null : count - 1);
  }

  int channels() {
    return counts.size();
  }
}
