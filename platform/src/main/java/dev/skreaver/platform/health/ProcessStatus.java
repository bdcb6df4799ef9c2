package dev.skreaver.platform.health;

import dev.skreaver.platform.Release;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * The answer of {@code GET /health}: it is given as long as the process serves.
 *
 * @param status {@code healthy}; {@code degraded} above 90 % of the memory that there is
 * @param memoryMb resident memory, MiB
 */
record ProcessStatus(
    String status,
    String service,
    Instant timestamp,
    String version,
    long uptimeSeconds,
    double memoryMb) {
  private static final double DEGRADED_ABOVE = 0.9;

  static final Instant STARTED_AT =
      Instant.ofEpochMilli(ManagementFactory.getRuntimeMXBean().getStartTime());

  static ProcessStatus of(String service, Clock clock) {
    double memory = Machine.memoryUsedBytes();
    Instant now = clock.instant();
    return new ProcessStatus(
        memory > DEGRADED_ABOVE * Machine.memoryTotalBytes() ? "degraded" : "healthy",
        service,
        now,
        Release.version(),
        Duration.between(STARTED_AT, now).toSeconds(),
        Math.round(memory / (1024 * 1024) * 10) / 10.0);
  }
}
