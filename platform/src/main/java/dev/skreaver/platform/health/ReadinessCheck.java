package dev.skreaver.platform.health;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import reactor.core.publisher.Mono;

/**
 * One thing that this process needs in order to serve. Every bean of this type is a component of
 * {@code GET /ready}; it is asked at most about once a second.
 */
public interface ReadinessCheck {
  /** The component's name in snake_case, for example {@code event_store}. */
  String name();

  /**
   * What is the case now, by really looking: a query, a ping, a position. It must not block; a
   * failure or no answer within 2 s counts as unhealthy.
   */
  Mono<Finding> check();

  /**
   * @param metadata figures for people, for example a position or a lag
   */
  record Finding(ReadinessStatus status, Map<String, String> metadata) {
    public Finding {
      metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }

    public static Finding healthy() {
      return new Finding(ReadinessStatus.healthy(), Map.of());
    }

    /** Something is amiss, but commands and queries work: the process stays ready. */
    public static Finding degraded(String reason) {
      return new Finding(ReadinessStatus.degraded(reason), Map.of());
    }

    /** Requests that need this would fail: the process is not ready. */
    public static Finding unhealthy(String reason) {
      return new Finding(ReadinessStatus.unhealthy(reason), Map.of());
    }

    /** This finding with one more figure. */
    public Finding with(String name, Object value) {
      var more = new LinkedHashMap<>(metadata);
      more.put(name, String.valueOf(value));
      return new Finding(status, more);
    }
  }
}
