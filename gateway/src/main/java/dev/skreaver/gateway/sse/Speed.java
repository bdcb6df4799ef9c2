package dev.skreaver.gateway.sse;

import com.fasterxml.jackson.annotation.JsonCreator;
import dev.skreaver.api.error.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;

/**
 * How much faster than it was.
 *
 * @param factor 1 is as it was, 10 is ten times faster; 0 knows no pauses
 */
record Speed(double factor) {
  /** An agent that idled for a week must not hang the replay of its events. */
  static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  static final Speed AS_IT_WAS = new Speed(1);

  private static final Pattern FORM = Pattern.compile("[0-9]{1,6}(\\.[0-9]{1,3})?");

  /** The pause that would be, and the one that is made. */
  record Pause(Duration due, Duration made) {
    boolean shortened() {
      return made.compareTo(due) < 0;
    }
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Speed fromWire(String text) {
    if (text.equals("max")) {
      return new Speed(0);
    }
    if (!FORM.matcher(text).matches()) {
      throw Refusal.invalidField(
          "speed",
          "must be a number from 0.001 to 999999, 1 being as it was; or 0 or max for no pauses");
    }
    return new Speed(Double.parseDouble(text));
  }

  /** Between two events; none where the clock went back. */
  Pause between(Instant earlier, Instant later) {
    if (factor == 0 || !later.isAfter(earlier)) {
      return new Pause(Duration.ZERO, Duration.ZERO);
    }
    Duration due =
        Duration.ofNanos(Math.round(Duration.between(earlier, later).toNanos() / factor));
    return new Pause(due, due.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : due);
  }
}
