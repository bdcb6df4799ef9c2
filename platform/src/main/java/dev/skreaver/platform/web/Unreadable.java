package dev.skreaver.platform.web;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.core.codec.DecodingException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.exc.InvalidNullException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.PropertyBindingException;

/**
 * What is wrong with a body that could not be read, in terms of its JSON and not of our classes.
 */
final class Unreadable {
  private Unreadable() {}

  static Refusal body(DecodingException failure) {
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof Refusal refusal) {
        return at(pathOf(failure), refusal);
      }
    }
    return switch (failure.getCause()) {
      case StreamConstraintsException limit ->
          new Refusal(
              ErrorCode.INVALID_JSON,
              "The JSON is deeper or longer than is allowed%s".formatted(where(limit)));
      case InputCoercionException range ->
          Refusal.invalidField(path(range), "must be " + kind(range.getTargetType()));
      case StreamReadException malformed -> malformed(malformed);
      case PropertyBindingException unknown ->
          new Refusal(
              ErrorCode.UNKNOWN_FIELD,
              "Unknown field '%s'; known here: %s"
                  .formatted(path(unknown), known(unknown.getKnownPropertyIds())),
              Map.of("field", path(unknown)));
      case InvalidNullException missing -> missing(path(missing));
      case MismatchedInputException mismatch -> mismatch(mismatch);
      case JacksonException other -> Refusal.invalidField(path(other), "cannot be read");
      case null ->
          new Refusal(ErrorCode.INVALID_JSON, "The body is missing or cannot be read as JSON");
      default -> new Refusal(ErrorCode.INVALID_JSON, "The body cannot be read as JSON");
    };
  }

  private static Refusal malformed(StreamReadException malformed) {
    String message = malformed.getOriginalMessage();
    if (message != null && message.startsWith("Duplicate Object property")) {
      return new Refusal(
          ErrorCode.DUPLICATE_KEY,
          "A member appears twice in one object%s".formatted(where(malformed)),
          pathDetails(malformed));
    }
    return new Refusal(
        ErrorCode.INVALID_JSON, "The body is not valid JSON%s".formatted(where(malformed)));
  }

  private static Refusal mismatch(MismatchedInputException mismatch) {
    String path = path(mismatch);
    String message = String.valueOf(mismatch.getOriginalMessage());
    if (message.startsWith("Missing required creator property")
        || message.startsWith("Null value for creator property")) {
      return missing(path);
    }
    if (message.startsWith("No content to map")) {
      return new Refusal(ErrorCode.INVALID_JSON, "The body is empty; send a JSON object");
    }
    return Refusal.invalidField(path, "must be " + kind(mismatch.getTargetType()));
  }

  private static Refusal missing(String path) {
    return new Refusal(
        ErrorCode.MISSING_REQUIRED_FIELD,
        "Missing required field '%s'".formatted(path),
        Map.of("field", path));
  }

  /**
   * A value's own refusal, said of the field that held the value. The whole body is no field: what
   * it refuses, it names itself.
   */
  private static Refusal at(@Nullable String path, Refusal refusal) {
    if (path == null || (path.equals("body") && refusal.details().containsKey("field"))) {
      return refusal;
    }
    var details = new LinkedHashMap<>(refusal.details());
    details.put("field", path);
    return new Refusal(refusal.code(), refusal.getMessage(), details);
  }

  private static @Nullable String pathOf(DecodingException failure) {
    return failure.getCause() instanceof JacksonException json ? path(json) : null;
  }

  private static String known(@Nullable Collection<Object> names) {
    return names == null || names.isEmpty()
        ? "none"
        : String.join(", ", names.stream().map(String::valueOf).sorted().toList());
  }

  private static Map<String, ?> pathDetails(JacksonException failure) {
    String path = path(failure);
    return path.equals("body") ? Map.of() : Map.of("field", path);
  }

  private static String where(JacksonException failure) {
    var location = failure.getLocation();
    return location == null || location.getLineNr() < 0
        ? ""
        : " (line %d, column %d)".formatted(location.getLineNr(), location.getColumnNr());
  }

  /** {@code spec.labels.team}, {@code items[2].name}; {@code body} for the document itself. */
  private static String path(JacksonException failure) {
    var path = new StringBuilder();
    for (JacksonException.Reference step : failure.getPath()) {
      if (step.getPropertyName() == null) {
        path.append('[').append(step.getIndex()).append(']');
      } else {
        path.append(path.isEmpty() ? "" : ".").append(Refusal.quote(step.getPropertyName()));
      }
    }
    return path.isEmpty() ? "body" : path.toString();
  }

  /** A Java name as it is on the wire. */
  static String wireName(String javaName) {
    return javaName.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
  }

  /** A Java type as the JSON that it is read from. */
  static String kind(@Nullable Class<?> type) {
    if (type == null) {
      return "valid";
    }
    if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
      return "a whole number within its range";
    }
    if (type == double.class || type == Double.class || type == float.class) {
      return "a number";
    }
    if (type == boolean.class || type == Boolean.class) {
      return "true or false";
    }
    if (type == Instant.class || type == OffsetDateTime.class) {
      return "a time as in RFC 3339, for example 2026-01-31T12:00:00Z";
    }
    if (type == UUID.class) {
      return "a UUID";
    }
    if (type.isEnum()) {
      return "one of its names";
    }
    if (Collection.class.isAssignableFrom(type) || type.isArray()) {
      return "an array";
    }
    return CharSequence.class.isAssignableFrom(type) || isWrittenAsText(type)
        ? "a string"
        : "an object";
  }

  /** For example an agent's id. */
  private static boolean isWrittenAsText(Class<?> type) {
    return Arrays.stream(type.getDeclaredFields())
        .anyMatch(
            field -> field.isAnnotationPresent(JsonValue.class) && field.getType() == String.class);
  }
}
