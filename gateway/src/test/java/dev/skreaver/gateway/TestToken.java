package dev.skreaver.gateway;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** A token written by hand, so that it can break any rule. Values are JSON. */
public final class TestToken {
  public static final String SECRET = "0123456789abcdef0123456789abcdef";

  private final Map<String, Object> header = new LinkedHashMap<>();
  private final Map<String, @Nullable Object> claims = new LinkedHashMap<>();
  private String secret = SECRET;

  private TestToken() {
    long now = Instant.now().getEpochSecond();
    header.put("alg", "HS256");
    header.put("typ", "at+jwt");
    claims.put("iss", "skreaver");
    claims.put("aud", "skreaver-api");
    claims.put("sub", "alice");
    claims.put("tenant", "acme");
    claims.put("iat", now);
    claims.put("exp", now + 600);
    claims.put("roles", new String[] {"admin"});
  }

  /** One that is accepted and may do everything. */
  public static TestToken good() {
    return new TestToken();
  }

  public TestToken header(String name, @Nullable Object value) {
    if (value == null) {
      header.remove(name);
    } else {
      header.put(name, value);
    }
    return this;
  }

  public TestToken with(String claim, @Nullable Object value) {
    claims.put(claim, value);
    return this;
  }

  public TestToken without(String claim) {
    claims.remove(claim);
    return this;
  }

  /** With these permissions instead of a role. */
  public TestToken may(String... permissions) {
    return without("roles").with("permissions", permissions);
  }

  public TestToken signedWith(String otherSecret) {
    secret = otherSecret;
    return this;
  }

  @Override
  public String toString() {
    var json = JsonMapper.shared();
    return sign(json.writeValueAsString(header), json.writeValueAsString(claims), secret);
  }

  public static String sign(String header, String payload, String secret) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      String signed = base64(header) + "." + base64(payload);
      byte[] signature = mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII));
      return signed + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
