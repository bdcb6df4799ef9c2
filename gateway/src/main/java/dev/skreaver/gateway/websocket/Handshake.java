package dev.skreaver.gateway.websocket;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.MethodNotAllowedException;
import reactor.netty.http.server.HttpServerRequest;

/**
 * A request for an upgrade that may be granted, once its token is proved.
 *
 * @param token from the header, or from the query by {@link TokenParameter}; null if the client
 *     will send an {@code auth} message
 */
record Handshake(@Nullable String token) {
  static final String VERSION_HEADER = "Sec-WebSocket-Version";
  static final String VERSION = "13";

  private static final Pattern BEARER = Pattern.compile("(?i:Bearer) +(\\S+)");
  private static final Pattern CLIENT = Pattern.compile("[A-Za-z0-9_-]{1,50}");
  private static final Pattern KEY = Pattern.compile("[A-Za-z0-9+/]{22}==");
  private static final Set<String> PARAMETERS = Set.of("client", "version");

  /**
   * @throws Refusal for what cannot become a WebSocket of ours
   */
  static Handshake of(ServerHttpRequest request) {
    if (!request.getMethod().equals(HttpMethod.GET)) {
      throw new MethodNotAllowedException(request.getMethod(), Set.of(HttpMethod.GET));
    }
    HttpHeaders headers = request.getHeaders();
    requireUpgrade(request, headers);
    request.getQueryParams().forEach(Handshake::requireKnownOnce);
    String client = request.getQueryParams().getFirst("client");
    if (client != null && !CLIENT.matcher(client).matches()) {
      throw Refusal.invalidField("client", "must be 1 to 50 of A-Z a-z 0-9 - _");
    }
    return new Handshake(token(headers));
  }

  private static void requireUpgrade(ServerHttpRequest request, HttpHeaders headers) {
    String upgrade = headers.getUpgrade();
    if (upgrade == null || !upgrade.equalsIgnoreCase("websocket")) {
      throw new Refusal(
          ErrorCode.UPGRADE_REQUIRED, "This is a WebSocket: connect with ws:// or wss://");
    }
    HttpServerRequest nativeRequest = ServerHttpRequestDecorator.getNativeRequest(request);
    if (!nativeRequest.version().equals(HttpVersion.HTTP_1_1)) {
      throw invalidHeader("Upgrade", "needs HTTP/1.1");
    }
    if (headers.getConnection().stream().noneMatch("upgrade"::equalsIgnoreCase)) {
      throw invalidHeader("Connection", "must contain Upgrade");
    }
    if (!VERSION.equals(headers.getFirst(VERSION_HEADER))) {
      throw new Refusal(
          ErrorCode.UPGRADE_REQUIRED, "Only WebSocket version 13 (RFC 6455) is served");
    }
    List<String> keys = headers.getOrEmpty("Sec-WebSocket-Key");
    if (keys.size() != 1 || !KEY.matcher(keys.getFirst()).matches()) {
      throw invalidHeader("Sec-WebSocket-Key", "must be 16 bytes in Base64, once");
    }
  }

  private static void requireKnownOnce(String name, List<String> values) {
    if (!PARAMETERS.contains(name)) {
      throw new Refusal(
          ErrorCode.UNKNOWN_FIELD,
          "Unknown parameter '%s'; use token, client or version".formatted(Refusal.quote(name)),
          Map.of("field", Refusal.quote(name)));
    }
    if (values.size() > 1) {
      throw new Refusal(
          ErrorCode.DUPLICATE_PARAMETER,
          "Parameter '%s' is given twice".formatted(name),
          Map.of("field", name));
    }
  }

  private static @Nullable String token(HttpHeaders headers) {
    List<String> given = headers.getOrEmpty(HttpHeaders.AUTHORIZATION);
    if (given.isEmpty()) {
      return null;
    }
    var bearer = BEARER.matcher(given.getFirst());
    if (given.size() > 1 || !bearer.matches()) {
      throw invalidHeader(
          HttpHeaders.AUTHORIZATION, "give one 'Bearer <token>', or the parameter token, once");
    }
    return bearer.group(1);
  }

  private static Refusal invalidHeader(String name, String reason) {
    return new Refusal(
        ErrorCode.INVALID_HEADER,
        "Invalid header %s: %s".formatted(name, reason),
        Map.of("field", name));
  }
}
