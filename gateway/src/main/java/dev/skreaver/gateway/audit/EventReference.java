package dev.skreaver.gateway.audit;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.skreaver.gateway.request.Form;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An event as a route names it: by its id or by its position; the other one is null.
 *
 * @param text as it stands in the route
 */
public record EventReference(
    @JsonValue String text, @Nullable UUID eventId, @Nullable Long position) {
  private static final Pattern DIGITS = Pattern.compile("[0-9]+");

  static EventReference parse(String text) {
    return DIGITS.matcher(text).matches()
        ? new EventReference(text, null, Form.number("id", text, 1, Long.MAX_VALUE))
        : new EventReference(text, Form.uuid("id", text), null);
  }
}
