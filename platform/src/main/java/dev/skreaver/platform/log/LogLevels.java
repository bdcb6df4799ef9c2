package dev.skreaver.platform.log;

import dev.skreaver.api.error.Refusal;
import dev.skreaver.platform.ConfigurationError;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * RUST_LOG as logger levels: {@code debug}, {@code info,skreaver=trace}, {@code
 * skreaver_http=warn}. As in the original a name covers all that begins with it, so {@code
 * skreaver} is every logger of this system.
 */
final class LogLevels {
  private static final Set<String> LEVELS =
      Set.of("off", "error", "warn", "info", "debug", "trace");
  private static final String OURS = "dev.skreaver";

  private LogLevels() {}

  /** Properties {@code logging.level.*}. */
  static Map<String, Object> from(String directives) {
    var levels = new LinkedHashMap<String, Object>();
    for (String directive : directives.split(",", -1)) {
      String[] parts = directive.strip().split("=", 2);
      String level = parts[parts.length - 1].strip().toLowerCase(Locale.ROOT);
      if (parts[0].isEmpty() && parts.length == 1) {
        continue;
      }
      if (!LEVELS.contains(level)) {
        throw new ConfigurationError(
            "RUST_LOG",
            "'%s' is not valid; give a level of %s, or for one target target=level"
                .formatted(
                    Refusal.quote(directive),
                    String.join(", ", LEVELS.stream().sorted().toList())));
      }
      if (parts.length == 1) {
        levels.put("logging.level.root", level);
      } else {
        loggers(parts[0].strip()).forEach(logger -> levels.put("logging.level." + logger, level));
      }
    }
    return levels;
  }

  private static Set<String> loggers(String target) {
    return target.equals("skreaver")
        ? Set.of(OURS, "skreaver_http")
        : Set.of(target.replace("::", "."));
  }
}
