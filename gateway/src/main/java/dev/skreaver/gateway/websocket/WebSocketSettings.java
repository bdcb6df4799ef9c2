package dev.skreaver.gateway.websocket;

import dev.skreaver.platform.Settings;
import java.time.Duration;
import org.springframework.core.env.Environment;

/**
 * The limits and timers of the WebSocket (wire contract §3.6), each settable by an environment
 * variable.
 *
 * @param maxMessageSize bytes; a larger message is refused and the connection stays
 * @param bufferSize answers that may wait for a client that does not read
 * @param messagesPerSecond that one connection may send; as many may come at once
 * @param metricsInterval how often metrics are announced on the channel {@code metrics}
 */
record WebSocketSettings(
    int maxConnections,
    int maxConnectionsPerIp,
    Duration idleTimeout,
    Duration pingInterval,
    Duration pongTimeout,
    Duration authTimeout,
    int maxMessageSize,
    int bufferSize,
    int maxSubscriptions,
    int maxSubscribersPerChannel,
    int messagesPerSecond,
    Duration metricsInterval) {

  /** A larger frame, or a message of many, ends the connection: nobody sends that by mistake. */
  static final int MAX_FRAME_SIZE = 1024 * 1024;

  static final int MAX_FRAGMENTS = 64;
  static final int PINGS_PER_SECOND = 10;

  /**
   * @throws dev.skreaver.platform.ConfigurationError naming the variable at fault
   */
  static WebSocketSettings from(Environment environment) {
    Settings settings = Settings.of(environment);
    return new WebSocketSettings(
        settings.number("WEBSOCKET_MAX_CONNECTIONS", 1000, 1, 100_000),
        settings.number("WEBSOCKET_MAX_CONNECTIONS_PER_IP", 10, 1, 100_000),
        seconds(settings, "WEBSOCKET_IDLE_TIMEOUT", 60, 300),
        seconds(settings, "WEBSOCKET_PING_INTERVAL", 30, 120),
        seconds(settings, "WEBSOCKET_PONG_TIMEOUT", 10, 60),
        seconds(settings, "WEBSOCKET_AUTH_TIMEOUT", 10, 300),
        settings.number("WEBSOCKET_MAX_MESSAGE_SIZE", 64 * 1024, 1024, MAX_FRAME_SIZE),
        settings.number("WEBSOCKET_BUFFER_SIZE", 100, 10, 10_000),
        settings.number("WEBSOCKET_MAX_SUBSCRIPTIONS_PER_CONNECTION", 50, 1, 1000),
        settings.number("WEBSOCKET_MAX_SUBSCRIBERS_PER_CHANNEL", 10_000, 1, 100_000),
        settings.number("WEBSOCKET_MESSAGES_PER_SECOND", 20, 1, 10_000),
        seconds(settings, "WEBSOCKET_METRICS_INTERVAL", 10, 3600));
  }

  private static Duration seconds(Settings settings, String variable, int fallback, int max) {
    return settings.seconds(
        variable, Duration.ofSeconds(fallback), Duration.ofSeconds(1), Duration.ofSeconds(max));
  }
}
