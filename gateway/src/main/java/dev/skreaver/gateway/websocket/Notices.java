package dev.skreaver.gateway.websocket;

import dev.skreaver.api.agent.TenantId;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/**
 * What this gateway announces to whoever listens at that moment. A listener that is not ready for
 * the next one misses it and holds nobody up.
 */
final class Notices {
  private final Set<FluxSink<Notice>> listeners = ConcurrentHashMap.newKeySet();
  private final Clock clock;

  Notices(Clock clock) {
    this.clock = clock;
  }

  /**
   * @param tenant the only tenant that may see it; null if it concerns the gateway itself
   * @param data names in camelCase
   */
  record Notice(
      Channel.Kind channel,
      @Nullable TenantId tenant,
      String eventType,
      Instant time,
      Map<String, ?> data) {}

  void announce(
      Channel.Kind channel, @Nullable TenantId tenant, String eventType, Map<String, ?> data) {
    var notice = new Notice(channel, tenant, eventType, clock.instant(), data);
    listeners.forEach(listener -> listener.next(notice));
  }

  /** Whether anyone listens at all. */
  boolean isHeard() {
    return !listeners.isEmpty();
  }

  Flux<Notice> heardBy(TenantId tenant, Channel.Kind channel) {
    return Flux.<Notice>create(
            sink -> {
              listeners.add(sink);
              sink.onDispose(() -> listeners.remove(sink));
            },
            FluxSink.OverflowStrategy.DROP)
        .filter(notice -> notice.channel() == channel)
        .filter(notice -> notice.tenant() == null || notice.tenant().equals(tenant));
  }
}
