package dev.skreaver.platform.health;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Map;

/** The union of wire contract §1.5: {@code "Healthy"}, or an object that gives the reason. */
public sealed interface ReadinessStatus {
  record Healthy() implements ReadinessStatus {
    @Override
    public String reason() {
      return "";
    }

    @Override
    public Object wire() {
      return "Healthy";
    }
  }

  /** Something is amiss, but commands and queries work: the process stays ready. */
  record Degraded(String reason) implements ReadinessStatus {
    @Override
    public Object wire() {
      return Map.of("Degraded", Map.of("reason", reason));
    }
  }

  /** Requests that need this would fail: the process is not ready. */
  record Unhealthy(String reason) implements ReadinessStatus {
    @Override
    public Object wire() {
      return Map.of("Unhealthy", Map.of("reason", reason));
    }
  }

  @JsonValue
  Object wire();

  /** Why it is not healthy; empty where it is. */
  String reason();

  static ReadinessStatus healthy() {
    return new Healthy();
  }

  static ReadinessStatus degraded(String reason) {
    return new Degraded(reason);
  }

  static ReadinessStatus unhealthy(String reason) {
    return new Unhealthy(reason);
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static ReadinessStatus fromWire(Object wire) {
    if (wire instanceof Map<?, ?> union && union.size() == 1) {
      Object facts = union.values().iterator().next();
      String reason =
          facts instanceof Map<?, ?> given
              ? String.valueOf(given.get("reason"))
              : "no reason given";
      return union.containsKey("Degraded") ? degraded(reason) : unhealthy(reason);
    }
    return "Healthy".equals(wire) ? healthy() : unhealthy("it answers in an unknown form");
  }
}
