package dev.skreaver.gateway.security;

import static dev.skreaver.gateway.TestToken.good;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.gateway.RunningGateway;
import dev.skreaver.gateway.TestToken;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** No service is behind this gateway: 503 is the answer to whoever came through. */
class TokenTest {
  private final RunningGateway gateway = RunningGateway.shared();

  static Stream<Arguments> accepted() {
    long now = Instant.now().getEpochSecond();
    return Stream.of(
        Arguments.of("J14 at+jwt", good()),
        Arguments.of("the long form of the type", good().header("typ", "application/at+jwt")),
        Arguments.of(
            "J16 our audience among others", good().with("aud", List.of("x", "skreaver-api"))),
        Arguments.of("J11 nbf within the skew", good().with("nbf", now + 15)),
        Arguments.of("J10 an hour of life", good().with("iat", now).with("exp", now + 3_600)),
        Arguments.of(
            "a permission by scope", good().without("roles").with("scope", "x agent:read")),
        Arguments.of("a permission by a legacy name", good().may("read")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("accepted")
  void a_token_of_the_profile_is_accepted(String rule, TestToken token) {
    assertThat(gateway.get(token, "/agents").status()).isEqualTo(503);
  }

  static Stream<Arguments> refused() {
    long now = Instant.now().getEpochSecond();
    return Stream.of(
        Arguments.of("J07 no exp", good().without("exp")),
        Arguments.of("J07 exp null", good().with("exp", null)),
        Arguments.of("J09 exp a fraction", good().with("exp", now + 600.5)),
        Arguments.of("J09 exp 1e30", good().with("exp", 1e30)),
        Arguments.of("J09 exp negative", good().with("exp", -1)),
        Arguments.of("J09 exp a string", good().with("exp", String.valueOf(now + 600))),
        Arguments.of("expired", good().with("iat", now - 700).with("exp", now - 100)),
        Arguments.of("J10 exp in a hundred years", good().with("exp", now + 3_155_760_000L)),
        Arguments.of(
            "J10 more than an hour of life", good().with("iat", now).with("exp", now + 3_700)),
        Arguments.of("J11 nbf beyond the skew", good().with("nbf", now + 100)),
        Arguments.of("J11 iat in the future", good().with("iat", now + 300)),
        Arguments.of("no iat", good().without("iat")),
        Arguments.of("J12 a refresh token", good().header("typ", "refresh")),
        Arguments.of("J14 no type", good().header("typ", null)),
        Arguments.of("J13 J14 type JWT", good().header("typ", "JWT")),
        Arguments.of("J14 type dpop+jwt", good().header("typ", "dpop+jwt")),
        Arguments.of("J15 no issuer", good().without("iss")),
        Arguments.of("J15 another issuer", good().with("iss", "https://evil.example")),
        Arguments.of(
            "J33 the issuer of another environment", good().with("iss", "skreaver-staging")),
        Arguments.of("J16 another audience", good().with("aud", "other")),
        Arguments.of("no audience", good().without("aud")),
        Arguments.of("J17 no subject", good().without("sub")),
        Arguments.of("J17 an empty subject", good().with("sub", "")),
        Arguments.of("J17 a subject that is a number", good().with("sub", 7)),
        Arguments.of("J17 a subject of 4 KB", good().with("sub", "x".repeat(4_000))),
        Arguments.of("J17 a subject of 256", good().with("sub", "x".repeat(256))),
        Arguments.of("J17 a subject with a line end", good().with("sub", "a\r\nb")),
        Arguments.of("J19 scope an object", good().with("scope", Map.of("admin", true))),
        Arguments.of("J19 scope an array", good().with("scope", List.of("admin"))),
        Arguments.of("J19 scope with a repetition", good().with("scope", "admin admin")),
        Arguments.of("permissions a string", good().with("permissions", "agent:read")),
        Arguments.of("roles with a number", good().with("roles", List.of(1))),
        Arguments.of("no tenant", good().without("tenant")),
        Arguments.of("a tenant with a slash", good().with("tenant", "acme/other")),
        Arguments.of("another secret", good().signedWith("another-secret-of-32-bytes-or-so!")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void a_token_that_breaks_a_rule_is_refused(String rule, TestToken token) {
    assertRefused(token.toString());
  }

  static Stream<Arguments> tampered() {
    long now = Instant.now().getEpochSecond();
    String token = good().toString();
    int last = token.lastIndexOf('.') + 1;
    String payload =
        "{\"iss\":\"skreaver\",\"aud\":\"skreaver-api\",\"sub\":\"a\",\"tenant\":\"acme\",\"tenant\":\"b\",\"iat\":%d,\"exp\":%d}"
            .formatted(now, now + 60);
    return Stream.of(
        Arguments.of("J23 padding appended", token + "="),
        Arguments.of("no signature", token.substring(0, last)),
        Arguments.of(
            "algorithm none",
            TestToken.sign("{\"alg\":\"none\",\"typ\":\"at+jwt\"}", payload, "x")),
        Arguments.of("algorithm HS512", good().header("alg", "HS512").toString()),
        Arguments.of(
            "a claim twice",
            TestToken.sign("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", payload, TestToken.SECRET)),
        Arguments.of(
            "claims that are no object",
            TestToken.sign("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", "[1]", TestToken.SECRET)),
        Arguments.of("the other texts of one signature", malleable(token)),
        Arguments.of("no token at all", "abc"),
        Arguments.of("4 KB more", token + "x".repeat(4_000)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tampered")
  void what_is_no_token_in_its_one_form_is_refused(String rule, String token) {
    assertRefused(token);
  }

  /** The last character of a 32 byte signature has two bits that no decoder looks at. */
  private static String malleable(String token) {
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int last = alphabet.indexOf(token.charAt(token.length() - 1));
    return token.substring(0, token.length() - 1) + alphabet.charAt(last ^ 1);
  }

  private void assertRefused(String token) {
    var answer = gateway.get(token, "/agents");
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.error()).isEqualTo("invalid_token");
    assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer error=\"invalid_token\"");
  }

  @Test
  void j25_two_authorization_headers_are_refused() {
    var answer = gateway.send(gateway.as(good(), "/agents").header("Authorization", "Bearer x"));
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.error()).isEqualTo("invalid_header");
  }

  @Test
  void a_request_without_a_token_is_told_how_to_authenticate() {
    var answer = gateway.send(gateway.request("/agents"));
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.error()).isEqualTo("authentication_required");
    assertThat(answer.header("WWW-Authenticate")).isEqualTo("Bearer");
  }

  @Test
  void another_scheme_is_no_token() {
    var answer = gateway.send(gateway.request("/agents").header("Authorization", "Basic YTpi"));
    assertThat(answer.error()).isEqualTo("authentication_required");
  }

  @Test
  void a_token_in_the_query_is_not_looked_at() {
    assertThat(gateway.send(gateway.request("/agents?access_token=" + good())).status())
        .isEqualTo(401);
  }
}
