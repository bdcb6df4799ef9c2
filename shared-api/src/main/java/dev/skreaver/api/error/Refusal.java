package dev.skreaver.api.error;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A request that is not carried out, with its HTTP meaning decided once, where it is refused.
 *
 * <p>The message says what went wrong and what to do about it. It is shown to callers: it holds no
 * secret and no more than 64 characters of raw input ({@link #quote}). It has no stack trace: a
 * refusal is an answer, not a fault.
 */
public final class Refusal extends RuntimeException {
  private static final int QUOTED_CHARACTERS = 64;

  private final ErrorCode code;
  private final transient Map<String, Object> details;

  public Refusal(ErrorCode code, String message) {
    this(code, message, Map.of());
  }

  /**
   * @param details facts for programs, for example {@code field}, {@code current_state}, {@code
   *     allowed}; values are JSON scalars, lists or maps
   */
  public Refusal(ErrorCode code, String message, Map<String, ?> details) {
    super(message, null, false, false);
    this.code = code;
    this.details = Map.copyOf(new LinkedHashMap<>(details));
  }

  public static Refusal invalidField(String field, String reason) {
    return new Refusal(
        ErrorCode.INVALID_INPUT,
        "Invalid value for '%s': %s".formatted(field, reason),
        Map.of("field", field));
  }

  public ErrorCode code() {
    return code;
  }

  public Map<String, Object> details() {
    return details;
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }

  /** Raw input made fit for a message: cut to 64 characters, control characters made visible. */
  public static String quote(String raw) {
    var shown = new StringBuilder();
    raw.codePoints()
        .limit(QUOTED_CHARACTERS)
        .forEach(
            c -> {
              if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
                shown.append("\\u%04x".formatted(c));
              } else {
                shown.appendCodePoint(c);
              }
            });
    return raw.codePointCount(0, raw.length()) > QUOTED_CHARACTERS ? shown + "…" : shown.toString();
  }
}
