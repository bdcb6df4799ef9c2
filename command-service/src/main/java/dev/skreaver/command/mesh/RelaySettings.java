package dev.skreaver.command.mesh;

import dev.skreaver.platform.Settings;
import org.springframework.core.env.Environment;

/**
 * @param maxLength how many events Redis keeps, about; SKREAVER_MESH_MAX_LENGTH
 * @param rewriteLength how many of the last events are written again into an empty Redis;
 *     SKREAVER_MESH_REWRITE_LENGTH
 */
record RelaySettings(int maxLength, int rewriteLength) {
  static RelaySettings from(Environment environment) {
    Settings settings = Settings.of(environment);
    int maxLength = settings.number("SKREAVER_MESH_MAX_LENGTH", 100_000, 100, 100_000_000);
    int rewriteLength = settings.number("SKREAVER_MESH_REWRITE_LENGTH", 10_000, 1, 100_000_000);
    return new RelaySettings(maxLength, Math.min(maxLength, rewriteLength));
  }
}
