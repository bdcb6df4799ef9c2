package dev.skreaver.gateway.request;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/** The headers by which clients and this system speak of positions, versions and repeats. */
public final class Headers {
  /** Answer: the position that it is no older than. Request: the position to wait for. */
  public static final String POSITION = "Skreaver-Position";

  /** Chosen by the client; a repeat with the same key gets the first answer. */
  public static final String IDEMPOTENCY_KEY = "Idempotency-Key";

  /** {@code true} in an answer that was stored for an earlier request with the same key. */
  public static final String IDEMPOTENCY_REPLAYED = "Idempotency-Replayed";

  /** Answer of a command: the id under which the ledger has it. */
  public static final String COMMAND_ID = "Skreaver-Command-Id";

  private static final Pattern VISIBLE_ASCII = Pattern.compile("[\\x21-\\x7e]{1,255}");
  private static final Pattern STRONG_ETAG = Pattern.compile("\"([0-9]{1,18})\"");
  private static final Pattern POSITION_FORM = Pattern.compile("[0-9]{1,18}");

  private Headers() {}

  /** The strong entity tag of an agent's version. */
  public static String etag(long version) {
    return "\"" + version + "\"";
  }

  static @Nullable Long position(HttpHeaders headers) {
    String given = single(headers, POSITION, POSITION_FORM, "a position, for example 4711");
    return given == null ? null : Long.valueOf(given);
  }

  static @Nullable String idempotencyKey(HttpHeaders headers) {
    return single(headers, IDEMPOTENCY_KEY, VISIBLE_ASCII, "1 to 255 visible ASCII characters");
  }

  /** Null where any version will do: without the header, and for {@code *}. */
  static @Nullable Long expectedVersion(HttpHeaders headers) {
    List<String> given = headers.getOrEmpty(HttpHeaders.IF_MATCH);
    if (given.isEmpty() || given.equals(List.of("*"))) {
      return null;
    }
    var match = STRONG_ETAG.matcher(given.getFirst());
    if (given.size() > 1 || !match.matches()) {
      throw invalid(
          HttpHeaders.IF_MATCH, "one strong entity tag as an answer's ETag gave it, or *");
    }
    return Long.valueOf(match.group(1));
  }

  private static @Nullable String single(
      HttpHeaders headers, String name, Pattern form, String expected) {
    List<String> given = headers.getOrEmpty(name);
    if (given.isEmpty()) {
      return null;
    }
    if (given.size() > 1 || !form.matcher(given.getFirst()).matches()) {
      throw invalid(name, expected);
    }
    return given.getFirst();
  }

  private static Refusal invalid(String name, String expected) {
    return new Refusal(
        ErrorCode.INVALID_HEADER,
        "Invalid header '%s': give it once, as %s".formatted(name, expected),
        Map.of("field", name));
  }
}
