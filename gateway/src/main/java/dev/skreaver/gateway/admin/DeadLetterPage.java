package dev.skreaver.gateway.admin;

import dev.skreaver.gateway.request.FromQuery;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.jspecify.annotations.Nullable;

/**
 * Which dead letters to show.
 *
 * @param before only letters older than this one
 */
record DeadLetterPage(@Nullable Long before, @Min(1) @Max(200) @Nullable Integer limit)
    implements FromQuery {
  private static final int DEFAULT_LIMIT = 50;

  int size() {
    return limit == null ? DEFAULT_LIMIT : limit;
  }
}
