package dev.skreaver.gateway.admin;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.skreaver.api.error.Refusal;
import java.util.regex.Pattern;

/** A projection as a route names it. */
record ProjectionName(@JsonValue String value) {
  private static final Pattern FORM = Pattern.compile("[a-z0-9_-]{1,64}");

  ProjectionName {
    if (!FORM.matcher(value).matches()) {
      throw Refusal.invalidField("name", "must match " + FORM.pattern());
    }
  }
}
