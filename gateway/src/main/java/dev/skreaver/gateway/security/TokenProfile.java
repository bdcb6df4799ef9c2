package dev.skreaver.gateway.security;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.platform.Settings;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.core.OAuth2ErrorCodes;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which access tokens are accepted: those of RFC 9068 from one issuer for one audience, that live
 * at most an hour and name a tenant (docs/adr/0008).
 *
 * <p>The form of the claims is checked on the token's own JSON, because the libraries below coerce
 * what they read: a fraction becomes a whole number, a number a string, an absent {@code iat} is
 * made up.
 */
record TokenProfile(String issuer, String audience, Clock clock) {
  static final Duration MAX_LIFE = Duration.ofHours(1);
  static final Duration CLOCK_SKEW = Duration.ofSeconds(30);

  private static final Pattern SUBJECT = Pattern.compile("[!-~]{1,255}");
  private static final Pattern SCOPE = Pattern.compile("[!#-\\[\\]-~]+(?: [!#-\\[\\]-~]+)*");
  private static final JsonMapper CLAIMS =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  static TokenProfile from(Settings settings, Clock clock) {
    return new TokenProfile(
        settings.text("SKREAVER_JWT_ISSUER", "skreaver"),
        settings.text("SKREAVER_JWT_AUDIENCE", "skreaver-api"),
        clock);
  }

  OAuth2TokenValidator<Jwt> validator() {
    var times = new JwtTimestampValidator(CLOCK_SKEW);
    times.setClock(clock);
    OAuth2TokenValidator<Jwt> optional = jwt -> OAuth2TokenValidatorResult.success();
    OAuth2TokenValidator<Jwt> standard =
        JwtValidators.createAtJwtValidator()
            .issuer(issuer)
            .audience(audience)
            .validators(
                claims -> {
                  claims.put(JwtClaimNames.EXP, times);
                  claims.put(JwtClaimNames.IAT, optional);
                  claims.put(JwtClaimNames.JTI, optional);
                  claims.put("client_id", optional);
                })
            .build();
    return jwt -> {
      OAuth2TokenValidatorResult form = form(jwt);
      return form.hasErrors() ? form : standard.validate(jwt);
    };
  }

  private OAuth2TokenValidatorResult form(Jwt jwt) {
    try {
      check(CLAIMS.readTree(Base64.getUrlDecoder().decode(jwt.getTokenValue().split("\\.", 3)[1])));
      return OAuth2TokenValidatorResult.success();
    } catch (Refusal broken) {
      return failure(broken.getMessage());
    } catch (JacksonException malformed) {
      return failure("its claims are not one JSON object without duplicate members");
    }
  }

  private static OAuth2TokenValidatorResult failure(String rule) {
    return OAuth2TokenValidatorResult.failure(
        new OAuth2Error(OAuth2ErrorCodes.INVALID_TOKEN, rule, null));
  }

  private void check(JsonNode claims) {
    long expires = seconds(claims, "exp");
    long issued = seconds(claims, "iat");
    rule(issued <= clock.instant().plus(CLOCK_SKEW).getEpochSecond(), "iat is in the future");
    rule(
        expires - issued <= MAX_LIFE.toSeconds(),
        "it lives longer than %d s".formatted(MAX_LIFE.toSeconds()));
    if (claims.has("nbf")) {
      seconds(claims, "nbf");
    }
    rule(
        claims.path("sub").isString()
            && SUBJECT.matcher(claims.path("sub").stringValue()).matches(),
        "sub must be 1 to 255 visible ASCII characters");
    rule(claims.path("iss").isString(), "iss must be a string");
    rule(claims.path("tenant").isString(), "tenant is missing");
    new TenantId(claims.path("tenant").stringValue());
    strings(claims, "aud", claims.path("aud").isString());
    strings(claims, "permissions", !claims.has("permissions"));
    strings(claims, "roles", !claims.has("roles"));
    rule(!claims.has("scope") || scope(claims.path("scope")), "scope is not as in RFC 6749");
  }

  /** Whole seconds from 1970 to 2200. */
  private static long seconds(JsonNode claims, String name) {
    JsonNode claim = claims.path(name);
    rule(
        claim.isIntegralNumber()
            && claim.canConvertToLong()
            && claim.longValue() >= 0
            && claim.longValue() < 7_258_118_400L,
        name + " must be a whole number of seconds");
    return claim.longValue();
  }

  private static void strings(JsonNode claims, String name, boolean otherwise) {
    JsonNode claim = claims.path(name);
    rule(
        otherwise || (claim.isArray() && claim.valueStream().allMatch(JsonNode::isString)),
        name + " must be an array of strings");
  }

  private static boolean scope(JsonNode scope) {
    if (!scope.isString() || !SCOPE.matcher(scope.stringValue()).matches()) {
      return false;
    }
    Set<String> seen = new HashSet<>();
    for (String name : scope.stringValue().split(" ", -1)) {
      if (!seen.add(name)) {
        return false;
      }
    }
    return true;
  }

  private static void rule(boolean holds, String otherwise) {
    if (!holds) {
      throw new Refusal(ErrorCode.INVALID_TOKEN, otherwise);
    }
  }
}
