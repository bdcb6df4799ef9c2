package dev.skreaver.platform.web;

import dev.skreaver.api.error.Refusal;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The body of every refused request: a problem document (RFC 9457) that also has the members of the
 * original system's errors (wire contract §1.4).
 *
 * @param type {@code urn:skreaver:error:} and the code
 * @param title the code in words; the same for every occurrence
 * @param detail what went wrong and what to do about it
 * @param instance the path that was asked for
 * @param error the code, for example {@code agent_not_found}; programs match on it
 * @param message the same as {@code detail}
 * @param details facts for programs, by code
 */
public record Problem(
    String type,
    String title,
    int status,
    String detail,
    String instance,
    String error,
    String message,
    @Nullable Map<String, Object> details,
    String requestId,
    Instant timestamp) {

  public static Problem of(Refusal refusal, String path, String requestId, Instant at) {
    String code = refusal.code().wireName();
    return new Problem(
        "urn:skreaver:error:" + code,
        code.substring(0, 1).toUpperCase(Locale.ROOT) + code.substring(1).replace('_', ' '),
        refusal.code().status(),
        refusal.getMessage(),
        path,
        code,
        refusal.getMessage(),
        refusal.details().isEmpty() ? null : refusal.details(),
        requestId,
        at);
  }
}
