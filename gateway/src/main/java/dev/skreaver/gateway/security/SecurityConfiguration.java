package dev.skreaver.gateway.security;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.platform.Settings;
import java.time.Clock;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.http.HttpHeaders;
import org.springframework.security.authentication.ReactiveAuthenticationManager;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.authorization.AuthorizationResult;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.authorization.AuthorizationContext;
import org.springframework.security.web.server.context.NoOpServerSecurityContextRepository;
import org.springframework.security.web.server.header.ReferrerPolicyServerHttpHeadersWriter;
import org.springframework.security.web.server.header.StaticServerHttpHeadersWriter;
import org.springframework.security.web.server.header.XFrameOptionsServerHttpHeadersWriter;
import org.springframework.security.web.server.savedrequest.NoOpServerRequestCache;
import org.springframework.web.cors.reactive.CorsConfigurationSource;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Every request is an OAuth 2 resource request: a bearer token, no session, no cookie. */
@Configuration(proxyBeanMethods = false)
class SecurityConfiguration {
  private static final Pattern BEARER = Pattern.compile("(?i:Bearer) +(\\S+)");

  /** Nothing but our own pages; Swagger UI sets styles inline and shows images from data. */
  private static final String CONTENT =
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
          + " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

  @Bean
  Identities identities(Environment environment, Clock clock) {
    Settings settings = Settings.of(environment);
    return new Identities(
        new SecretKeySpec(settings.jwtSecret(), "HmacSHA256"), TokenProfile.from(settings, clock));
  }

  @Bean
  SecurityWebFilterChain edge(
      ServerHttpSecurity http,
      Identities identities,
      CorsConfigurationSource crossOrigin,
      Environment environment) {
    boolean https = Settings.of(environment).flag("SKREAVER_HSTS", false);
    ReactiveAuthenticationManager manager =
        authentication ->
            identities
                .fromToken(((BearerTokenAuthenticationToken) authentication).getToken())
                .map(IdentityAuthentication::new);
    return http.csrf(ServerHttpSecurity.CsrfSpec::disable)
        .httpBasic(ServerHttpSecurity.HttpBasicSpec::disable)
        .formLogin(ServerHttpSecurity.FormLoginSpec::disable)
        .logout(ServerHttpSecurity.LogoutSpec::disable)
        .cors(cors -> cors.configurationSource(crossOrigin))
        .headers(headers -> headers(headers, https))
        .requestCache(cache -> cache.requestCache(NoOpServerRequestCache.getInstance()))
        .securityContextRepository(NoOpServerSecurityContextRepository.getInstance())
        .authorizeExchange(routes -> routes.anyExchange().access(SecurityConfiguration::decide))
        .oauth2ResourceServer(
            server ->
                server
                    .authenticationEntryPoint((exchange, failure) -> Mono.error(failure))
                    .accessDeniedHandler((exchange, failure) -> Mono.error(failure))
                    .bearerTokenConverter(SecurityConfiguration::token)
                    .jwt(jwt -> jwt.authenticationManager(manager)))
        .build();
  }

  private static void headers(ServerHttpSecurity.HeaderSpec headers, boolean https) {
    headers
        .frameOptions(frame -> frame.mode(XFrameOptionsServerHttpHeadersWriter.Mode.DENY))
        .referrerPolicy(
            referrer ->
                referrer.policy(ReferrerPolicyServerHttpHeadersWriter.ReferrerPolicy.NO_REFERRER))
        .permissionsPolicy(
            policy -> policy.policy("camera=(), microphone=(), geolocation=(), payment=()"))
        .contentSecurityPolicy(policy -> policy.policyDirectives(CONTENT))
        .hsts(ServerHttpSecurity.HeaderSpec.HstsSpec::disable);
    if (https) {
      headers.writer(
          StaticServerHttpHeadersWriter.builder()
              .header("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
              .build());
    }
  }

  /** An anonymous caller of anything that is not open is refused before it learns what exists. */
  private static Mono<AuthorizationResult> decide(
      Mono<Authentication> caller, AuthorizationContext context) {
    var request = context.getExchange().getRequest();
    if (Access.open(request)) {
      return Mono.just(new AuthorizationDecision(true));
    }
    return caller
        .ofType(IdentityAuthentication.class)
        .<AuthorizationResult>map(
            known -> {
              Permission needed = Access.neededFor(request);
              if (needed != null) {
                known.getPrincipal().require(needed);
              }
              return new AuthorizationDecision(true);
            })
        .defaultIfEmpty(new AuthorizationDecision(false));
  }

  private static Mono<Authentication> token(ServerWebExchange exchange) {
    List<String> given = exchange.getRequest().getHeaders().getOrEmpty(HttpHeaders.AUTHORIZATION);
    if (given.isEmpty() || Access.open(exchange.getRequest())) {
      return Mono.empty();
    }
    if (given.size() > 1) {
      return Mono.error(
          new Refusal(
              ErrorCode.INVALID_HEADER,
              "The Authorization header is given more than once; send it once"));
    }
    Matcher bearer = BEARER.matcher(given.getFirst());
    return bearer.matches()
        ? Mono.just(new BearerTokenAuthenticationToken(bearer.group(1)))
        : Mono.empty();
  }
}
