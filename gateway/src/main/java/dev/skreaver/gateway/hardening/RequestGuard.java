package dev.skreaver.gateway.hardening;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** Refuses requests whose headers nobody behind the edge should have to think about. */
@Component
class RequestGuard implements WebFilter, Ordered {
  private static final int MAX_HEADERS = 100;

  /** Before security, after the request has its id and its place in the log. */
  @Override
  public int getOrder() {
    return HIGHEST_PRECEDENCE + 100;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    return Mono.defer(
        () -> {
          check(exchange.getRequest().getHeaders());
          return chain.filter(exchange);
        });
  }

  private static void check(HttpHeaders headers) {
    int[] lines = {0};
    headers.forEach((name, values) -> lines[0] += values.size());
    if (lines[0] > MAX_HEADERS) {
      throw new Refusal(
          ErrorCode.HEADERS_TOO_LARGE, "A request may have %d headers".formatted(MAX_HEADERS));
    }
    if (headers.getOrEmpty(HttpHeaders.HOST).size() != 1) {
      throw new Refusal(ErrorCode.INVALID_HEADER, "Send exactly one Host header");
    }
    if (headers.getOrEmpty(HttpHeaders.CONTENT_TYPE).size() > 1) {
      throw new Refusal(
          ErrorCode.INVALID_HEADER,
          "The Content-Type header is given more than once; send it once",
          Map.of("field", HttpHeaders.CONTENT_TYPE));
    }
    for (String type : headers.getOrEmpty(HttpHeaders.CONTENT_TYPE)) {
      String lower = type.toLowerCase(Locale.ROOT);
      if (lower.startsWith("multipart/") || lower.startsWith("application/x-www-form")) {
        throw new Refusal(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Forms are not read here; send application/json");
      }
      if (lower.split(";", 2)[0].contains("*")) {
        throw new Refusal(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            "A body has one content type and not a range of them; send application/json");
      }
    }
    List<String> encodings = headers.getOrEmpty(HttpHeaders.CONTENT_ENCODING);
    if (!encodings.isEmpty() && !encodings.equals(List.of("identity"))) {
      throw new Refusal(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Compressed bodies are not read; send plain JSON");
    }
  }
}
