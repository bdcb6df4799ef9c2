package dev.skreaver.benchmarks;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One measured number.
 *
 * @param ratioOf the figure of the same run that this one is compared with; null for a limit
 * @param ratio this figure's value divided by that one's
 */
record Figure(
    String name, double value, String unit, @Nullable String ratioOf, @Nullable Double ratio) {

  static Figure limit(String name, double value, String unit) {
    return new Figure(name, value, unit, null, null);
  }

  static Figure of(String name, double value, String unit, Figure limit) {
    return new Figure(name, value, unit, limit.name, value / limit.value);
  }

  /** {@code name value unit ratio-of ratio}, with a dash for what a limit lacks. */
  String line() {
    return String.format(
        Locale.ROOT,
        "%-34s %12.2f  %-10s  %-26s %s",
        name,
        value,
        unit,
        ratioOf == null ? "-" : ratioOf,
        ratio == null ? "-" : String.format(Locale.ROOT, "%.3f", ratio));
  }
}
