package dev.skreaver.gateway.audit;

import dev.skreaver.api.error.Refusal;
import dev.skreaver.gateway.request.FromQuery;
import org.jspecify.annotations.Nullable;

/**
 * Positions of the whole event store.
 *
 * @param from the first; from the beginning if absent
 * @param to the last; up to the end if absent
 */
record AuditRange(@Nullable Long from, @Nullable Long to) implements FromQuery {
  AuditRange {
    if (to != null && from != null && to < from) {
      throw Refusal.invalidField("to", "must not be less than from");
    }
  }

  long first() {
    return from == null ? 0 : from;
  }
}
