package dev.skreaver.platform.web;

import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * The ids by which a request is found again in logs, answers and events. A client may give them if
 * they are 1 to 128 of {@code A-Z a-z 0-9 - _}; anything else is replaced, never refused (wire
 * contract §1.3). They are in the answer's headers under the same names.
 *
 * @param requestId of this request alone
 * @param correlationId joins everything that follows from one cause; the request id if none is
 *     given
 * @param causationId the event or command that led to this request
 */
public record RequestIds(String requestId, String correlationId, @Nullable String causationId) {
  public static final String REQUEST_ID = "X-Request-ID";
  public static final String CORRELATION_ID = "X-Correlation-ID";
  public static final String CAUSATION_ID = "X-Causation-ID";

  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_-]{1,128}");
  private static final Pattern UUID_FORM =
      Pattern.compile("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}");
  private static final String ATTRIBUTE = RequestIds.class.getName();

  /** The ids of the request that is being answered. */
  public static RequestIds of(ServerWebExchange exchange) {
    RequestIds known = exchange.getAttribute(ATTRIBUTE);
    if (known != null) {
      return known;
    }
    HttpHeaders headers = exchange.getRequest().getHeaders();
    String given = accepted(headers.getFirst(REQUEST_ID));
    String requestId = given != null ? given : newId().toString();
    String correlationId = accepted(headers.getFirst(CORRELATION_ID));
    var ids =
        new RequestIds(
            requestId,
            correlationId != null ? correlationId : requestId,
            cause(accepted(headers.getFirst(CAUSATION_ID))));
    exchange.getAttributes().put(ATTRIBUTE, ids);
    return ids;
  }

  /** A random UUID for what need not be hard to guess: the event loop must not wait for entropy. */
  public static UUID newId() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return new UUID(
        (random.nextLong() & ~0xf000L) | 0x4000L, (random.nextLong() >>> 2) | Long.MIN_VALUE);
  }

  /** The ids of the request on whose behalf the reactive code that has this context runs. */
  public static Optional<RequestIds> in(ContextView context) {
    return context.getOrEmpty(RequestIds.class);
  }

  private static @Nullable String accepted(@Nullable String given) {
    return given != null && FORM.matcher(given).matches() ? given : null;
  }

  /** The id of an event or a command in the form in which it is known. */
  private static @Nullable String cause(@Nullable String given) {
    return given != null && UUID_FORM.matcher(given).matches()
        ? given.toLowerCase(Locale.ROOT)
        : given;
  }

  /** Draws the ids before anything else can answer, and echoes them. */
  static final class Filter implements WebFilter, Ordered {
    @Override
    public int getOrder() {
      return HIGHEST_PRECEDENCE;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
      RequestIds ids = of(exchange);
      HttpHeaders headers = exchange.getResponse().getHeaders();
      headers.set(REQUEST_ID, ids.requestId);
      headers.set(CORRELATION_ID, ids.correlationId);
      return chain.filter(exchange).contextWrite(context -> context.put(RequestIds.class, ids));
    }
  }
}
