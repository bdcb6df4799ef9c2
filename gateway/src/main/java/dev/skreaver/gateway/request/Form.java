package dev.skreaver.gateway.request;

import dev.skreaver.api.agent.AgentQueries.Moment;
import dev.skreaver.api.error.Refusal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The forms that single values from outside may have. Each refusal names the field. */
public final class Form {
  /** Characters of a filter or a cursor. */
  static final int MAX_TEXT = 1024;

  private static final Pattern DIGITS = Pattern.compile("[0-9]{1,19}");
  private static final Pattern UUID_FORM =
      Pattern.compile("[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}");
  private static final String A_TIME =
      "an RFC 3339 time between 1970 and 2200, for example 2026-01-31T08:00:00Z";
  private static final Instant EARLIEST = Instant.parse("1970-01-01T00:00:00Z");
  private static final Instant LATEST = Instant.parse("2200-01-01T00:00:00Z");

  private Form() {}

  /** Between {@code min} and {@code max}, both included; decimal digits only. */
  public static long number(String field, String text, long min, long max) {
    if (DIGITS.matcher(text).matches()) {
      try {
        long number = Long.parseLong(text);
        if (number >= min && number <= max) {
          return number;
        }
      } catch (NumberFormatException e) {
        // More than a long holds: refused below like any number that is too large.
      }
    }
    throw Refusal.invalidField(
        field,
        max == Long.MAX_VALUE
            ? "must be a whole number, %d or more".formatted(min)
            : "must be a whole number from %d to %d".formatted(min, max));
  }

  /** The usual text form (RFC 9562), in any case. */
  public static UUID uuid(String field, String text) {
    if (!UUID_FORM.matcher(text).matches()) {
      throw Refusal.invalidField(
          field, "must be a UUID, for example 0197c9a2-7b1e-7c3d-8a55-3f0f4f1f2a10");
    }
    return UUID.fromString(text);
  }

  /** RFC 3339, from 1970 to 2200: what PostgreSQL can hold, and any clock can mean. */
  public static Instant time(String field, String text) {
    return timeIn(text).orElseThrow(() -> Refusal.invalidField(field, "must be " + A_TIME));
  }

  private static Optional<Instant> timeIn(String text) {
    try {
      Instant time = OffsetDateTime.parse(text).toInstant();
      return !time.isBefore(EARLIEST) && time.isBefore(LATEST)
          ? Optional.of(time)
          : Optional.empty();
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  /** A position, or an RFC 3339 time. */
  public static Moment moment(String field, String text) {
    if (text.chars().allMatch(Character::isDigit)) {
      return new Moment(number(field, text, 0, Long.MAX_VALUE), null);
    }
    return new Moment(
        null,
        timeIn(text)
            .orElseThrow(() -> Refusal.invalidField(field, "must be a position, or " + A_TIME)));
  }

  /** Up to {@link #MAX_TEXT} characters, none of them a control character. */
  public static String text(String field, String text) {
    if (text.length() > MAX_TEXT) {
      throw Refusal.invalidField(field, "must have at most %d characters".formatted(MAX_TEXT));
    }
    if (text.codePoints().anyMatch(Form::unfit)) {
      throw Refusal.invalidField(field, "must not contain control characters");
    }
    return text;
  }

  private static boolean unfit(int character) {
    return Character.isISOControl(character)
        || Character.getType(character) == Character.SURROGATE
        || character == 0xFFFD;
  }

  /** The refusal that a creator threw inside a conversion, or a plain one of the field. */
  static Refusal refusalIn(Throwable failure, String field) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof Refusal refusal) {
        return new Refusal(refusal.code(), refusal.getMessage(), java.util.Map.of("field", field));
      }
    }
    return Refusal.invalidField(field, "is not one of the values that are known");
  }
}
