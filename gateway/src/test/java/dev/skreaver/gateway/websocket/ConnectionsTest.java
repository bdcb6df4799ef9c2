package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** How many connections a gateway takes. */
class ConnectionsTest {
  private static String open(TestGateway gateway) {
    try (var raw = new RawSocket(gateway.port())) {
      return raw.request("GET /ws HTTP/1.1", RawSocket.UPGRADE);
    }
  }

  @Test
  void an_address_has_a_limit_of_its_own() {
    try (var gateway = new TestGateway("WEBSOCKET_MAX_CONNECTIONS_PER_IP", "2");
        var first = gateway.connect();
        var second = gateway.connect()) {
      first.next();
      second.next();

      assertThat(open(gateway)).startsWith("HTTP/1.1 429").contains("rate_limit_exceeded");
    }
  }

  @Test
  void the_gateway_has_a_limit_and_says_when_to_come_back() {
    try (var gateway = new TestGateway("WEBSOCKET_MAX_CONNECTIONS", "1");
        var first = gateway.connect()) {
      first.next();

      assertThat(open(gateway))
          .startsWith("HTTP/1.1 429")
          .containsIgnoringCase("retry-after: ")
          .contains("connection_limit_exceeded");
    }
  }

  @Test
  void a_place_is_free_again_when_its_connection_ends() {
    try (var gateway = new TestGateway("WEBSOCKET_MAX_CONNECTIONS", "1")) {
      try (var first = gateway.connect()) {
        first.next();
        first.socket().sendClose(1000, "done").join();
        assertThat(first.closed()).isEqualTo(1000);
      }
      Instant giveUp = Instant.now().plusSeconds(60);
      String answer = open(gateway);
      while (answer.contains("connection_limit_exceeded") && Instant.now().isBefore(giveUp)) {
        answer = open(gateway);
      }
      assertThat(answer).startsWith("HTTP/1.1 101");
    }
  }

  @Test
  void a_place_is_free_again_when_its_handshake_breaks_off() {
    try (var gateway = new TestGateway("WEBSOCKET_MAX_CONNECTIONS", "1")) {
      try (var broken = new RawSocket(gateway.port())) {
        String handshake = String.join("\r\n", RawSocket.UPGRADE);
        broken.bytes(
            ("GET /ws HTTP/1.1\r\n" + handshake + "\r\nContent-Length: 5\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        // It holds the only place until it ends.
        await().atMost(Duration.ofSeconds(60)).until(() -> open(gateway).contains(" 429 "));
      }
      await().atMost(Duration.ofSeconds(60)).until(() -> open(gateway).contains(" 101 "));
    }
  }
}
