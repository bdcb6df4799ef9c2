package dev.skreaver.gateway.hardening;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.platform.ConfigurationError;
import dev.skreaver.platform.Settings;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.http.HttpHeaders;
import org.springframework.security.web.server.firewall.ServerExchangeRejectedHandler;
import org.springframework.security.web.server.firewall.ServerWebExchangeFirewall;
import org.springframework.security.web.server.firewall.StrictServerWebExchangeFirewall;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.reactive.CorsConfigurationSource;
import reactor.core.publisher.Mono;

@Configuration(proxyBeanMethods = false)
class HardeningConfiguration {
  /** Which methods a path has is in one table, and not here. */
  @Bean
  ServerWebExchangeFirewall firewall() {
    var firewall = new StrictServerWebExchangeFirewall();
    firewall.setUnsafeAllowAnyHttpMethod(true);
    return firewall;
  }

  /** A path with tricks: encoded or doubled slashes, dots, semicolons, control characters. */
  @Bean
  ServerExchangeRejectedHandler refuseTrickyRequests() {
    return (exchange, rejected) ->
        Mono.error(
            new Refusal(
                ErrorCode.INVALID_INPUT,
                "The path or a header has characters that are not accepted here"));
  }

  /** Pages of other origins may call only if SKREAVER_ALLOWED_ORIGINS names them. */
  @Bean
  CorsConfigurationSource crossOrigin(Environment environment) {
    List<String> origins = Settings.of(environment).list("SKREAVER_ALLOWED_ORIGINS");
    origins.forEach(HardeningConfiguration::check);
    // With nobody named too: a path without rules would let every preflight pass.
    var cors = new CorsConfiguration();
    cors.setAllowedOrigins(origins);
    cors.setAllowedMethods(List.of("GET", "POST", "PATCH", "DELETE"));
    cors.setAllowedHeaders(
        List.of(
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "Last-Event-ID",
            "Skreaver-Position",
            "X-Causation-ID",
            "X-Correlation-ID",
            "X-Request-ID"));
    cors.setExposedHeaders(
        List.of(
            "Content-Disposition",
            "ETag",
            "Idempotency-Replayed",
            "Location",
            "Retry-After",
            "Skreaver-Command-Id",
            "Skreaver-Position",
            "X-Correlation-ID",
            "X-Request-ID"));
    cors.setMaxAge(Duration.ofHours(1));
    return exchange -> {
      HttpHeaders headers = exchange.getRequest().getHeaders();
      String origin = headers.getOrigin();
      return origin != null && isOwn(origin, headers.getFirst(HttpHeaders.HOST))
          ? with(origin, cors)
          : cors;
    };
  }

  /** In either scheme: a proxy before the gateway may speak https, and its pages are ours. */
  private static boolean isOwn(String origin, @Nullable String host) {
    return origin.equalsIgnoreCase("https://" + host) || origin.equalsIgnoreCase("http://" + host);
  }

  private static CorsConfiguration with(String origin, CorsConfiguration others) {
    var cors = new CorsConfiguration(others);
    cors.setAllowedOrigins(List.of(origin));
    return cors;
  }

  private static void check(String origin) {
    try {
      URI uri = URI.create(origin);
      if (uri.getScheme() != null
          && uri.getHost() != null
          && uri.getRawPath().isEmpty()
          && uri.getRawQuery() == null) {
        return;
      }
    } catch (IllegalArgumentException malformed) {
      throw bad(origin);
    }
    throw bad(origin);
  }

  private static ConfigurationError bad(String origin) {
    return new ConfigurationError(
        "SKREAVER_ALLOWED_ORIGINS",
        "'%s' is not an origin; give for example https://app.example.com"
            .formatted(Refusal.quote(origin)));
  }
}
