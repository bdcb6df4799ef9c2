package dev.skreaver.platform.service;

import dev.skreaver.platform.Settings;
import dev.skreaver.platform.web.WebAutoConfiguration;
import java.time.Clock;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.security.autoconfigure.web.reactive.ReactiveWebSecurityAutoConfiguration;
import org.springframework.boot.security.oauth2.server.resource.autoconfigure.web.reactive.ReactiveOAuth2ResourceServerWebSecurityAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.context.NoOpServerSecurityContextRepository;
import org.springframework.security.web.server.savedrequest.NoOpServerRequestCache;
import reactor.core.publisher.Mono;

/** A service behind the gateway answers the gateway alone; only its health is open. */
@AutoConfiguration(
    after = WebAutoConfiguration.class,
    before = {
      ReactiveWebSecurityAutoConfiguration.class,
      ReactiveOAuth2ResourceServerWebSecurityAutoConfiguration.class
    })
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnMissingBean(SecurityWebFilterChain.class)
class ServiceAutoConfiguration {
  @Bean
  SecurityWebFilterChain behindTheGateway(
      ServerHttpSecurity http, Environment environment, Clock clock) {
    ServiceTokens tokens = ServiceTokens.from(Settings.of(environment), clock);
    return http.csrf(ServerHttpSecurity.CsrfSpec::disable)
        .httpBasic(ServerHttpSecurity.HttpBasicSpec::disable)
        .formLogin(ServerHttpSecurity.FormLoginSpec::disable)
        .logout(ServerHttpSecurity.LogoutSpec::disable)
        .requestCache(cache -> cache.requestCache(NoOpServerRequestCache.getInstance()))
        .securityContextRepository(NoOpServerSecurityContextRepository.getInstance())
        .authorizeExchange(
            routes ->
                routes
                    .pathMatchers("/health", "/ready", "/metrics")
                    .permitAll()
                    .pathMatchers("/internal/**")
                    .authenticated()
                    .anyExchange()
                    .denyAll())
        .oauth2ResourceServer(
            server ->
                server
                    .authenticationEntryPoint((exchange, failure) -> Mono.error(failure))
                    .accessDeniedHandler((exchange, failure) -> Mono.error(failure))
                    .jwt(jwt -> jwt.jwtDecoder(tokens.decoder())))
        .build();
  }
}
