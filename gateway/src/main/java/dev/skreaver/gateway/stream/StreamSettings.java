package dev.skreaver.gateway.stream;

import dev.skreaver.platform.Settings;
import java.time.Duration;
import org.springframework.core.env.Environment;

/**
 * @param buffer how many live events one slow stream may leave waiting;
 *     SKREAVER_STREAM_BUFFER_EVENTS
 * @param ring how many of the last events the gateway has in memory; SKREAVER_STREAM_RING_EVENTS
 * @param retention how many positions back from the last one a stream may resume, 0 for all that
 *     the store has; SKREAVER_STREAM_RETENTION_EVENTS
 * @param progress how often an idle stream's cursor advances; SKREAVER_STREAM_PROGRESS_SECONDS
 */
record StreamSettings(int buffer, int ring, int retention, Duration progress) {
  static StreamSettings from(Environment environment) {
    Settings settings = Settings.of(environment);
    return new StreamSettings(
        settings.number("SKREAVER_STREAM_BUFFER_EVENTS", 1_000, 10, 1_000_000),
        settings.number("SKREAVER_STREAM_RING_EVENTS", 10_000, 10, 10_000_000),
        settings.number("SKREAVER_STREAM_RETENTION_EVENTS", 0, 0, Integer.MAX_VALUE),
        settings.seconds(
            "SKREAVER_STREAM_PROGRESS_SECONDS",
            Duration.ofSeconds(5),
            Duration.ofSeconds(1),
            Duration.ofHours(1)));
  }
}
