package dev.skreaver.gateway.hardening;

import static dev.skreaver.gateway.TestToken.good;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.gateway.RunningGateway;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HardeningTest {
  private static final String END = "Connection: close\r\n\r\n";

  private final RunningGateway gateway = RunningGateway.shared();

  @Test
  void r53_a_request_without_host_is_refused() {
    assertThat(gateway.raw("GET /health HTTP/1.1\r\n" + END)).startsWith("HTTP/1.1 400");
  }

  @Test
  void r54_two_hosts_are_refused() {
    assertThat(gateway.raw("GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + END))
        .startsWith("HTTP/1.1 400");
  }

  @Test
  void two_content_types_are_refused() {
    String answer =
        gateway.raw(
            "POST /agents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n%s{}"
                .formatted(good(), END));
    assertThat(answer).startsWith("HTTP/1.1 400").contains("invalid_header", "Content-Type");
  }

  @Test
  void r59_more_than_a_hundred_headers_are_refused() {
    String answer =
        gateway.raw("GET /health HTTP/1.1\r\nHost: a\r\n" + "X-A: b\r\n".repeat(120) + END);
    assertThat(answer).startsWith("HTTP/1.1 431").contains("headers_too_large");
  }

  @Test
  void headers_beyond_8_kib_are_refused_with_a_problem() {
    String answer =
        gateway.raw("GET /health HTTP/1.1\r\nHost: a\r\nX-A: " + "b".repeat(9_000) + "\r\n" + END);
    assertThat(answer).startsWith("HTTP/1.1 431").contains("headers_too_large");
  }

  @Test
  void a_request_line_beyond_4_kib_is_refused_with_a_problem() {
    String answer =
        gateway.raw("GET /health?" + "a".repeat(5_000) + " HTTP/1.1\r\nHost: a\r\n" + END);
    assertThat(answer).startsWith("HTTP/1.1 414").contains("uri_too_long");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/agents/%2f..%2fx",
        "/agents/../admin/projections",
        "/agents/a;x=1",
        "//agents",
        "/agents/a%00b",
        "/agents/a%0d%0ab",
        "/agents/%zz",
        "/agents/%2e%2e/x",
        "/agents/a%5cb"
      })
  void r60_a_path_with_tricks_is_refused_with_a_problem(String path) {
    String answer =
        gateway.raw(
            "GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n%s"
                .formatted(path, good(), END));
    assertThat(answer).startsWith("HTTP/1.1 400").contains("application/problem+json");
    assertThat(answer).contains("\"request_id\"").containsIgnoringCase("x-request-id");
  }

  @Test
  void what_is_not_http_is_refused_with_a_problem() {
    assertThat(gateway.raw("nonsense\r\n\r\n")).startsWith("HTTP/1.1 400").contains("\"error\"");
  }

  @Test
  void a_chunk_size_that_is_no_number_closes_the_connection() {
    String answer =
        gateway.raw(
            "POST /agents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
                .formatted(good()));
    assertThat(answer).startsWith("HTTP/1.1 400");
  }

  @Test
  void r68_a_silent_connection_is_closed() throws IOException {
    try (var socket = new Socket("localhost", gateway.port())) {
      socket.setSoTimeout(60_000);
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void r68_a_body_that_drips_is_cut_off() throws IOException {
    try (var socket = new Socket("localhost", gateway.port())) {
      socket.setSoTimeout(60_000);
      socket
          .getOutputStream()
          .write(
              "POST /agents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
                  .formatted(good())
                  .getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).doesNotContain("HTTP/1.1 5").doesNotContain("HTTP/1.1 2");
    }
  }

  @Test
  void every_answer_carries_the_security_headers() {
    var answer = gateway.send(gateway.request("/health"));
    assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(answer.header("X-Frame-Options")).isEqualTo("DENY");
    assertThat(answer.header("Content-Security-Policy")).contains("default-src 'self'");
    assertThat(answer.header("Referrer-Policy")).isEqualTo("no-referrer");
    assertThat(answer.header("Strict-Transport-Security")).isEmpty();
  }

  @Test
  void a_page_of_another_origin_may_not_call() {
    var answer =
        gateway.send(
            gateway
                .request("/agents")
                .header("Origin", "https://evil.example")
                .header("Access-Control-Request-Method", "GET")
                .method("OPTIONS", BodyPublishers.noBody()));
    assertThat(answer.status()).isIn(401, 403);
    assertThat(answer.header("Access-Control-Allow-Origin")).isEmpty();
  }

  @Test
  void a_page_of_the_gateway_may_call_it_through_a_proxy_that_speaks_https() {
    String answer =
        gateway.raw(
            "POST /agents HTTP/1.1\r\nHost: gateway.example\r\nOrigin: https://gateway.example\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n%s"
                .formatted(good(), END));
    assertThat(answer).startsWith("HTTP/1.1 4").doesNotContain("origin_not_allowed");
  }

  @Test
  void an_origin_that_is_named_may_call() {
    try (var open =
        new RunningGateway("SKREAVER_ALLOWED_ORIGINS=https://app.example", "SKREAVER_HSTS=true")) {
      var answer =
          open.send(
              open.request("/agents")
                  .header("Origin", "https://app.example")
                  .header("Access-Control-Request-Method", "POST")
                  .method("OPTIONS", BodyPublishers.noBody()));
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo("https://app.example");
      assertThat(answer.header("Strict-Transport-Security")).startsWith("max-age=31536000");

      var evil =
          open.send(
              open.request("/agents")
                  .header("Origin", "https://app.example.evil")
                  .header("Access-Control-Request-Method", "POST")
                  .method("OPTIONS", BodyPublishers.noBody()));
      assertThat(evil.status()).isEqualTo(403);
      assertThat(evil.error()).isEqualTo("origin_not_allowed");
    }
  }
}
