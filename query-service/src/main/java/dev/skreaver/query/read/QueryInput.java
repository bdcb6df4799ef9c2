package dev.skreaver.query.read;

import dev.skreaver.api.error.Refusal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a query may hold, so that no value reaches the database that it cannot take. Each check
 * passes its value on or refuses it with {@code invalid_input}, naming the field.
 */
public final class QueryInput {
  private static final Instant EARLIEST = Instant.parse("1970-01-01T00:00:00Z");
  private static final Instant LATEST = Instant.parse("2200-01-01T00:00:00Z");

  private QueryInput() {}

  public static int limit(int limit, int max) {
    if (limit < 1 || limit > max) {
      throw Refusal.invalidField("limit", "must be from 1 to %d".formatted(max));
    }
    return limit;
  }

  public static @Nullable Long position(String field, @Nullable Long position) {
    if (position != null && position < 0) {
      throw Refusal.invalidField(field, "a position is never negative");
    }
    return position;
  }

  public static @Nullable Instant time(String field, @Nullable Instant time) {
    if (time != null && (time.isBefore(EARLIEST) || !time.isBefore(LATEST))) {
      throw Refusal.invalidField(field, "must be a time from the year 1970 to 2199");
    }
    return time;
  }

  /** Checks both ends of a range that includes the first and excludes the second. */
  public static void range(
      String fromField, @Nullable Instant from, String beforeField, @Nullable Instant before) {
    time(fromField, from);
    time(beforeField, before);
    if (from != null && before != null && !from.isBefore(before)) {
      throw Refusal.invalidField(fromField, "must be earlier than '%s'".formatted(beforeField));
    }
  }

  public static @Nullable String text(String field, @Nullable String text) {
    if (text != null && text.indexOf('\0') >= 0) {
      throw Refusal.invalidField(field, "must not contain the character U+0000");
    }
    return text;
  }
}
