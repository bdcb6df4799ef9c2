package dev.skreaver.gateway.security;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.platform.web.RequestIds;
import java.util.Base64;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.crypto.SecretKey;
import org.springframework.security.oauth2.jose.jws.MacAlgorithm;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtValidationException;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Turns tokens into identities, for requests and for WebSocket messages alike. */
public final class Identities {
  private static final int MAX_TOKEN_CHARACTERS = 8192;

  /** Compact JWS without padding: the only form of a token, so that it has one text. */
  private static final Pattern COMPACT =
      Pattern.compile("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+");

  private final ReactiveJwtDecoder decoder;

  Identities(SecretKey key, TokenProfile profile) {
    var nimbus =
        NimbusReactiveJwtDecoder.withSecretKey(key)
            .macAlgorithm(MacAlgorithm.HS256)
            .validateType(false)
            .build();
    nimbus.setJwtValidator(profile.validator());
    this.decoder = nimbus;
  }

  /** Who made this request; {@link Refusal} {@code authentication_required} if nobody known did. */
  public Mono<Identity> current(ServerWebExchange exchange) {
    return exchange
        .getPrincipal()
        .ofType(IdentityAuthentication.class)
        .map(IdentityAuthentication::getPrincipal)
        .switchIfEmpty(
            Mono.error(
                () ->
                    new Refusal(
                        ErrorCode.AUTHENTICATION_REQUIRED,
                        "Authentication is required: send a token as 'Authorization: Bearer"
                            + " <token>'")));
  }

  /** On whose behalf the services act for this request. */
  public Mono<Caller> caller(ServerWebExchange exchange) {
    return current(exchange).map(identity -> identity.caller(RequestIds.of(exchange)));
  }

  /** Fails with {@link Refusal} {@code invalid_token} that says which rule the token breaks. */
  public Mono<Identity> fromToken(String token) {
    if (token.length() > MAX_TOKEN_CHARACTERS
        || !COMPACT.matcher(token).matches()
        || !canonical(token.substring(token.lastIndexOf('.') + 1))) {
      return Mono.error(invalid("it is not a compact JWT"));
    }
    return decoder
        .decode(token)
        .map(Identities::identity)
        .onErrorMap(failure -> !(failure instanceof Refusal), Identities::refusal);
  }

  /** Whether no other text stands for the same signature. */
  private static boolean canonical(String signature) {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(signature);
      return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).equals(signature);
    } catch (IllegalArgumentException notBase64) {
      return false;
    }
  }

  private static Refusal refusal(Throwable failure) {
    if (failure instanceof JwtValidationException rules) {
      return invalid(
          rules.getErrors().stream()
              .map(error -> String.valueOf(error.getDescription()))
              .findFirst()
              .orElse("a claim is not accepted"));
    }
    return invalid("its signature or form is wrong");
  }

  private static Refusal invalid(String reason) {
    return new Refusal(
        ErrorCode.INVALID_TOKEN,
        "The token is not accepted: %s; get a new one".formatted(Refusal.quote(reason)));
  }

  private static Identity identity(Jwt jwt) {
    var permissions = EnumSet.noneOf(Permission.class);
    strings(jwt, "permissions").forEach(name -> permissions.addAll(Permission.named(name)));
    strings(jwt, "roles").forEach(role -> permissions.addAll(Permission.ofRole(role)));
    String scope = jwt.getClaimAsString("scope");
    if (scope != null) {
      for (String name : scope.split(" ", -1)) {
        permissions.addAll(Permission.named(name));
      }
    }
    return new Identity(
        new TenantId(Objects.requireNonNull(jwt.getClaimAsString("tenant"))),
        Objects.requireNonNull(jwt.getSubject()),
        "jwt",
        permissions,
        Objects.requireNonNull(jwt.getExpiresAt()));
  }

  private static Collection<String> strings(Jwt jwt, String claim) {
    var values = jwt.getClaimAsStringList(claim);
    return values == null ? List.of() : values;
  }
}
