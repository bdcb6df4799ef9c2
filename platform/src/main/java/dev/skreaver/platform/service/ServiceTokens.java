package dev.skreaver.platform.service;

import dev.skreaver.platform.Settings;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.MacAlgorithm;
import org.springframework.security.oauth2.jwt.JwsHeader;
import org.springframework.security.oauth2.jwt.JwtAudienceValidator;
import org.springframework.security.oauth2.jwt.JwtClaimsSet;
import org.springframework.security.oauth2.jwt.JwtEncoder;
import org.springframework.security.oauth2.jwt.JwtEncoderParameters;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtEncoder;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;

/**
 * The tokens that the gateway proves itself with to the services behind it. Their key is derived
 * from the secret of the access tokens, so that neither kind can be taken for the other.
 */
public final class ServiceTokens {
  private static final String AUDIENCE = "skreaver-internal";
  private static final String ISSUER = "skreaver-gateway";
  private static final String TYPE = "skreaver-service+jwt";
  private static final Duration LIFE = Duration.ofMinutes(5);
  private static final Duration RENEWAL = Duration.ofMinutes(1);
  private static final Duration CLOCK_SKEW = Duration.ofSeconds(30);

  private final SecretKey key;
  private final Clock clock;
  private final JwtEncoder encoder;
  private final AtomicReference<@Nullable Issued> current = new AtomicReference<>();

  private record Issued(String token, Instant renewal) {}

  private ServiceTokens(SecretKey key, Clock clock) {
    this.key = key;
    this.clock = clock;
    this.encoder = NimbusJwtEncoder.withSecretKey(key).algorithm(MacAlgorithm.HS256).build();
  }

  public static ServiceTokens from(Settings settings, Clock clock) {
    try {
      SecretKey key =
          KDF.getInstance("HKDF-SHA256")
              .deriveKey(
                  "HmacSHA256",
                  HKDFParameterSpec.ofExtract()
                      .addIKM(settings.jwtSecret())
                      .thenExpand(AUDIENCE.getBytes(StandardCharsets.US_ASCII), 32));
      return new ServiceTokens(key, clock);
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("this JVM lacks HKDF-SHA256", absent);
    }
  }

  /** A token that is good for at least a minute. */
  public String current() {
    Issued issued = current.get();
    Instant now = clock.instant();
    if (issued == null || !now.isBefore(issued.renewal)) {
      issued = new Issued(sign(now), now.plus(LIFE).minus(RENEWAL));
      current.set(issued);
    }
    return issued.token;
  }

  private String sign(Instant now) {
    JwtClaimsSet claims =
        JwtClaimsSet.builder()
            .issuer(ISSUER)
            .audience(List.of(AUDIENCE))
            .issuedAt(now)
            .expiresAt(now.plus(LIFE))
            .build();
    JwsHeader header = JwsHeader.with(MacAlgorithm.HS256).type(TYPE).build();
    return encoder.encode(JwtEncoderParameters.from(header, claims)).getTokenValue();
  }

  ReactiveJwtDecoder decoder() {
    var decoder =
        NimbusReactiveJwtDecoder.withSecretKey(key)
            .macAlgorithm(MacAlgorithm.HS256)
            .validateType(false)
            .build();
    var times = new JwtTimestampValidator(CLOCK_SKEW);
    times.setClock(clock);
    times.setAllowEmptyExpiryClaim(false);
    decoder.setJwtValidator(
        new DelegatingOAuth2TokenValidator<>(
            new JwtTypeValidator(TYPE),
            new JwtIssuerValidator(ISSUER),
            new JwtAudienceValidator(AUDIENCE),
            times));
    return decoder;
  }
}
