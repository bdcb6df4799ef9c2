package dev.skreaver.gateway.websocket;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import reactor.core.publisher.Flux;

/**
 * The open connections of this gateway and their limits. At the end of the gateway each is told and
 * closed, before the web server stops.
 */
final class Connections implements SmartLifecycle {
  private static final Logger LOG = LoggerFactory.getLogger(Connections.class);
  private static final Duration FAREWELL = Duration.ofSeconds(10);

  private final WebSocketSettings settings;
  private final Clock clock;
  private final AtomicInteger places = new AtomicInteger();
  private final ConcurrentHashMap<InetAddress, Integer> placesByAddress = new ConcurrentHashMap<>();
  private final Set<Session> open = ConcurrentHashMap.newKeySet();
  private volatile boolean running;

  Connections(WebSocketSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * Takes a place for a connection, before it is upgraded.
   *
   * @return gives the place back; a repeat does nothing
   * @throws Refusal {@code connection_limit_exceeded}, {@code rate_limit_exceeded} or {@code
   *     service_unavailable}
   */
  Runnable admit(InetAddress address) {
    if (!running) {
      throw new Refusal(
          ErrorCode.SERVICE_UNAVAILABLE, "The gateway is shutting down; connect to another");
    }
    if (places.incrementAndGet() > settings.maxConnections()) {
      places.decrementAndGet();
      throw new Refusal(
          ErrorCode.CONNECTION_LIMIT_EXCEEDED,
          "The gateway has its %d connections (WEBSOCKET_MAX_CONNECTIONS); try again later"
              .formatted(settings.maxConnections()),
          Map.of("limit", settings.maxConnections(), "retry_after_seconds", 5));
    }
    if (placesByAddress.merge(address, 1, Integer::sum) > settings.maxConnectionsPerIp()) {
      release(address);
      throw new Refusal(
          ErrorCode.RATE_LIMIT_EXCEEDED,
          "Your address has its %d connections (WEBSOCKET_MAX_CONNECTIONS_PER_IP); close one"
              .formatted(settings.maxConnectionsPerIp()),
          Map.of("limit", settings.maxConnectionsPerIp(), "retry_after_seconds", 5));
    }
    var given = new AtomicBoolean();
    return () -> {
      if (given.compareAndSet(false, true)) {
        release(address);
      }
    };
  }

  void opened(Session session) {
    open.add(session);
  }

  void closed(Session session) {
    open.remove(session);
  }

  private void release(InetAddress address) {
    places.decrementAndGet();
    placesByAddress.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
  }

  @Override
  public void start() {
    running = true;
  }

  @Override
  public void stop() {
    stop(() -> {});
  }

  @Override
  public void stop(Runnable stopped) {
    running = false;
    var farewell = new ServerMessage.Notice("system", "server.shutdown", clock.instant(), Map.of());
    Flux.fromIterable(List.copyOf(open))
        .flatMap(session -> session.shutDown(farewell), Integer.MAX_VALUE)
        .then()
        .timeout(FAREWELL)
        .doFinally(signal -> stopped.run())
        .subscribe(
            done -> {},
            late -> LOG.warn("websocket connections left at shutdown: {}", open.size()));
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  /** The last to start and the first to stop. */
  @Override
  public int getPhase() {
    return Integer.MAX_VALUE;
  }
}
