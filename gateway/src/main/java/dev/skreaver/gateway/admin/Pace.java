package dev.skreaver.gateway.admin;

import org.jspecify.annotations.Nullable;

/**
 * How a replay is to go.
 *
 * @param eventsPerSecond how many events it may handle per second
 */
record Pace(@Nullable Integer eventsPerSecond) {
  static @Nullable Integer of(@Nullable Pace body) {
    return body == null ? null : body.eventsPerSecond;
  }
}
