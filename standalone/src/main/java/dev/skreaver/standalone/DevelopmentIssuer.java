package dev.skreaver.standalone;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.embedded.DataFolder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.security.oauth2.jose.jws.MacAlgorithm;
import org.springframework.security.oauth2.jwt.JwsHeader;
import org.springframework.security.oauth2.jwt.JwtClaimsSet;
import org.springframework.security.oauth2.jwt.JwtEncoderParameters;
import org.springframework.security.oauth2.jwt.NimbusJwtEncoder;

/**
 * Gives out tokens for the instance on one data folder, to whoever can read that folder.
 *
 * <p>It is in this module only, and it has an issuer name of its own, so that no other deployment
 * accepts what it signs.
 */
final class DevelopmentIssuer {
  private static final String NAME = "skreaver-standalone";
  private static final String AUDIENCE = "skreaver-api";
  private static final String SECRET_FILE = "jwt-secret";
  private static final Duration LIFE = Duration.ofHours(1);

  private final String secret;

  private DevelopmentIssuer(String secret) {
    this.secret = secret;
  }

  static DevelopmentIssuer of(DataFolder folder) {
    return new DevelopmentIssuer(folder.secret(SECRET_FILE));
  }

  /** The issuer of a data folder that a running instance may have claimed. */
  static DevelopmentIssuer in(Path folder) {
    return new DevelopmentIssuer(DataFolder.secretIn(folder, SECRET_FILE));
  }

  /** Whether an instance was ever started on this folder, or a token given out for it. */
  static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(SECRET_FILE));
  }

  /** What a gateway has to be told to accept this issuer's tokens. */
  Map<String, String> settings() {
    return Map.of(
        "SKREAVER_JWT_SECRET", secret,
        "SKREAVER_JWT_ISSUER", NAME,
        "SKREAVER_JWT_AUDIENCE", AUDIENCE);
  }

  String token(TenantId tenant, TokenCommand.Role role, String subject) {
    Instant now = Instant.now();
    var claims =
        JwtClaimsSet.builder()
            .issuer(NAME)
            .audience(List.of(AUDIENCE))
            .subject(subject)
            .id(UUID.randomUUID().toString())
            .issuedAt(now)
            .expiresAt(now.plus(LIFE))
            .claim("client_id", NAME)
            .claim("tenant", tenant.value())
            .claim("roles", List.of(role.wireName()))
            .build();
    var key = new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256");
    return NimbusJwtEncoder.withSecretKey(key)
        .build()
        .encode(
            JwtEncoderParameters.from(
                JwsHeader.with(MacAlgorithm.HS256).type("at+jwt").build(), claims))
        .getTokenValue();
  }
}
