package dev.skreaver.gateway.websocket;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** This gateway's figures about its WebSocket, all present from the start on. */
final class WebSocketMetrics {
  private final AtomicInteger active = new AtomicInteger();
  private final AtomicInteger authenticated = new AtomicInteger();
  private final Counter accepted;
  private final Counter rejected;
  private final Counter sent;
  private final Counter received;
  private final Counter delivered;
  private final Counter subscriptionsFailed;
  private final Map<SocketRefusal.Code, Counter> errors = new EnumMap<>(SocketRefusal.Code.class);

  WebSocketMetrics(MeterRegistry registry) {
    registry.gauge("websocket.connections.active", active);
    accepted = registry.counter("websocket.connections");
    rejected = registry.counter("websocket.connections.failed");
    sent = registry.counter("websocket.messages.sent");
    received = registry.counter("websocket.messages.received");
    delivered = registry.counter("websocket.broadcast.delivered");
    subscriptionsFailed = registry.counter("websocket.subscriptions.failed");
    for (SocketRefusal.Code code : SocketRefusal.Code.values()) {
      errors.put(code, registry.counter("websocket.errors", "type", code.label()));
    }
  }

  void opened() {
    active.incrementAndGet();
    accepted.increment();
  }

  void closed(boolean wasAuthenticated) {
    active.decrementAndGet();
    if (wasAuthenticated) {
      authenticated.decrementAndGet();
    }
  }

  void authenticated() {
    authenticated.incrementAndGet();
  }

  void rejected() {
    rejected.increment();
  }

  void sent(boolean event) {
    sent.increment();
    if (event) {
      delivered.increment();
    }
  }

  void received() {
    received.increment();
  }

  void refused(SocketRefusal.Code code) {
    Counter counter = errors.get(code);
    if (counter != null) {
      counter.increment();
    }
  }

  void subscriptionFailed() {
    subscriptionsFailed.increment();
  }

  /** What {@code get_stats} answers. */
  Map<String, Object> connections(int channels) {
    var figures = new LinkedHashMap<String, Object>();
    figures.put("totalConnections", active.get());
    figures.put("authenticatedConnections", authenticated.get());
    figures.put("totalChannels", channels);
    return figures;
  }

  /** What the channel {@code metrics} announces. */
  Map<String, Object> snapshot(int channels) {
    Map<String, Object> figures = connections(channels);
    figures.put("connectionsTotal", (long) accepted.count());
    figures.put("connectionsFailedTotal", (long) rejected.count());
    figures.put("messagesSentTotal", (long) sent.count());
    figures.put("messagesReceivedTotal", (long) received.count());
    figures.put("broadcastDeliveredTotal", (long) delivered.count());
    Runtime runtime = Runtime.getRuntime();
    figures.put("heapUsedBytes", runtime.totalMemory() - runtime.freeMemory());
    figures.put("heapMaxBytes", runtime.maxMemory());
    return figures;
  }
}
