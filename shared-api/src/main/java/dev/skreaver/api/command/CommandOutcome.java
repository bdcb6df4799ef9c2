package dev.skreaver.api.command;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What came of a command. */
public enum CommandOutcome {
  /** It was carried out and caused events. */
  ACCEPTED,
  /** It was carried out and there was nothing to change. */
  UNCHANGED,
  /** It was not carried out. */
  REFUSED,
  /** It was answered with what had come of an earlier command with the same idempotency key. */
  REPEATED;

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  @JsonCreator
  public static CommandOutcome fromWire(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }
}
