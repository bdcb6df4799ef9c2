package dev.skreaver.api.agent;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.skreaver.api.error.Refusal;
import java.util.regex.Pattern;

/** The tenant that owns agents, events and streams: 1 to 63 of {@code a-z 0-9 - _}. */
public record TenantId(@JsonValue String value) {
  private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9_-]{0,62}");

  @JsonCreator
  public TenantId {
    if (!FORM.matcher(value).matches()) {
      throw Refusal.invalidField("tenant", "must match " + FORM.pattern());
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
