package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who becomes a connection, and who gets a problem document instead. */
class HandshakeTest {
  private static TestGateway gateway;

  @BeforeAll
  static void start() {
    gateway =
        new TestGateway(
            "SKREAVER_ALLOWED_ORIGINS", "https://app.example.com",
            "WEBSOCKET_PING_INTERVAL", "12",
            "WEBSOCKET_AUTH_TIMEOUT", "30");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static String ask(String line, String... changes) {
    var headers = new ArrayList<>(RawSocket.UPGRADE);
    for (String change : changes) {
      String name = change.substring(0, change.indexOf(':') + 1);
      headers.removeIf(header -> header.startsWith(name));
      if (change.length() > name.length()) {
        headers.add(change);
      }
    }
    try (var raw = new RawSocket(gateway.port())) {
      return raw.request(line, headers);
    }
  }

  private static String open(String query, String... changes) {
    return ask("GET /ws" + query + " HTTP/1.1", changes);
  }

  @Test
  void a_good_token_in_the_query_opens() {
    assertThat(open("?token=" + TestGateway.token("acme", "agent:read")))
        .startsWith("HTTP/1.1 101");
  }

  @Test
  void a_good_token_in_the_header_opens() {
    assertThat(open("", "Authorization: Bearer " + TestGateway.token("acme", "agent:read")))
        .startsWith("HTTP/1.1 101");
  }

  @Test
  void a_connection_outlives_the_time_that_a_request_may_take() {
    String token = TestGateway.token("acme", "agent:read");
    try (var byQuery = gateway.connect(token);
        var byHeader = SocketClient.to(gateway.port(), "", token);
        var byNothing = gateway.connect()) {
      for (var client : List.of(byQuery, byHeader, byNothing)) {
        client.say("{'type':'ping','timestamp':1}").next("pong");
      }
      for (var client : List.of(byQuery, byHeader, byNothing)) {
        // The server's own ping, later than the limit.
        client.next("ping");
        client.say("{'type':'ping','timestamp':2}").next("pong");
      }
    }
  }

  @Test
  void a_bad_token_is_a_401_problem() {
    assertThat(open("?token=nonsense"))
        .startsWith("HTTP/1.1 401")
        .contains("application/problem+json", "invalid_token")
        .doesNotContain("nonsense");
  }

  @Test
  void a_token_in_header_and_query_is_refused() {
    assertThat(open("?token=a.b.c", "Authorization: Bearer a.b.c"))
        .startsWith("HTTP/1.1 400")
        .contains("invalid_header");
  }

  @Test
  void a_client_name_with_other_characters_is_refused() {
    assertThat(open("?client=%3Cscript%3E")).startsWith("HTTP/1.1 400").contains("client");
  }

  @Test
  void an_unknown_parameter_is_refused() {
    assertThat(open("?admin=true")).startsWith("HTTP/1.1 400").contains("unknown_field");
  }

  @Test
  void another_websocket_version_is_told_which_is_served() {
    for (String version : List.of("8", "99", "")) {
      assertThat(open("", ("Sec-WebSocket-Version: " + version).strip()))
          .startsWith("HTTP/1.1 426")
          .containsIgnoringCase("sec-websocket-version: 13");
    }
  }

  @Test
  void a_plain_request_is_told_to_upgrade() {
    assertThat(open("", "Upgrade:")).startsWith("HTTP/1.1 426").contains("upgrade_required");
  }

  @Test
  void a_missing_key_is_refused() {
    assertThat(open("", "Sec-WebSocket-Key:")).startsWith("HTTP/1.1 400");
  }

  @Test
  void a_post_is_not_allowed() {
    assertThat(ask("POST /ws HTTP/1.1", "Content-Length: 0")).startsWith("HTTP/1.1 405");
  }

  @Test
  void a_foreign_origin_is_forbidden() {
    for (String origin :
        List.of("https://evil.example", "null", "https://app.example.com.evil.example")) {
      assertThat(open("", "Origin: " + origin))
          .startsWith("HTTP/1.1 403")
          .contains("origin_not_allowed");
    }
  }

  @Test
  void an_allowed_or_own_origin_opens() {
    assertThat(open("", "Origin: https://app.example.com")).startsWith("HTTP/1.1 101");
    assertThat(open("", "Origin: http://localhost")).startsWith("HTTP/1.1 101");
    // As a browser sees it in front of a proxy that speaks https.
    assertThat(open("", "Origin: https://localhost")).startsWith("HTTP/1.1 101");
  }

  @Test
  void whoever_is_refused_is_counted() {
    double failed = gateway.meters().counter("websocket.connections.failed").count();
    open("?token=nonsense");

    assertThat(gateway.meters().counter("websocket.connections.failed").count())
        .isEqualTo(failed + 1);
  }

  @Test
  void every_figure_is_there_before_anyone_connects() {
    String scrape =
        gateway.meters().getMeters().stream()
            .map(meter -> meter.getId().getName())
            .reduce("", (all, name) -> all + " " + name);

    assertThat(scrape)
        .contains(
            "websocket.connections.active",
            "websocket.messages.sent",
            "websocket.messages.received",
            "websocket.broadcast.delivered",
            "websocket.errors",
            "websocket.subscriptions.failed");
  }
}
