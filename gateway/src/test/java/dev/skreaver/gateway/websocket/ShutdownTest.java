package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShutdownTest {
  @Test
  void every_connection_is_told_before_it_is_closed_with_1001() {
    var gateway = new TestGateway();
    try (var speaking = gateway.connect(TestGateway.token("acme", "agent:read"));
        var silent = gateway.connect(TestGateway.token("acme"))) {
      speaking.say("{'type':'ping','timestamp':1}").next("pong");
      silent.next();

      gateway.close();

      assertThat(speaking.next("event").path("event_type").asString()).isEqualTo("server.shutdown");
      assertThat(silent.next("event").path("data").path("eventType").asString())
          .isEqualTo("server.shutdown");
      assertThat(speaking.closed()).isEqualTo(1001);
      assertThat(silent.closed()).isEqualTo(1001);
    }
  }
}
