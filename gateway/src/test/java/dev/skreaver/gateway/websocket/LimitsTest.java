package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Sinks;

/** What one connection may do, and what ends it. */
class LimitsTest {
  private static final int TEXT = 0x81;
  private static final int PING = 0x89;
  private static TestGateway gateway;
  private static String token;

  @BeforeAll
  static void start() {
    gateway =
        new TestGateway(
            "WEBSOCKET_MAX_SUBSCRIPTIONS_PER_CONNECTION", "3",
            "WEBSOCKET_MAX_SUBSCRIBERS_PER_CHANNEL", "1",
            "WEBSOCKET_PING_INTERVAL", "2",
            "WEBSOCKET_PONG_TIMEOUT", "1");
    token = TestGateway.token("acme", "agent:read");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static String subscribe(String... channels) {
    return "{'type':'subscribe','channels':["
        + java.util.Arrays.stream(channels)
            .map(name -> "'" + name + "'")
            .collect(Collectors.joining(","))
        + "]}";
  }

  @Test
  void a_message_that_is_too_large_is_refused_and_the_connection_stays() {
    try (var client = gateway.connect(token)) {
      client.say("{'type':'auth','token':'" + "x".repeat(70_000) + "'}");
      assertThat(client.next("error").path("code").asString()).isEqualTo("MESSAGE_TOO_LARGE");
      client.say("{'type':'ping','timestamp':1}");
      assertThat(client.next("pong").path("timestamp").longValue()).isEqualTo(1);
    }
  }

  @Test
  void a_huge_frame_is_closed_with_1009() {
    try (var raw = RawSocket.upgraded(gateway.port(), token)) {
      byte[] head = {(byte) TEXT, (byte) 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0};
      assertThat(raw.bytes(head).closed()).isEqualTo(1009);
    }
  }

  @Test
  void a_huge_message_of_many_frames_is_closed_with_1009() {
    try (var raw = RawSocket.upgraded(gateway.port(), token)) {
      byte[] part = new byte[60_000];
      raw.frame(0x01, part);
      for (int i = 0; i < 18; i++) {
        raw.frame(0x00, part);
      }
      assertThat(raw.closed()).isEqualTo(1009);
    }
  }

  @Test
  void a_binary_frame_is_refused_and_the_connection_stays() {
    try (var client = gateway.connect(token)) {
      client.socket().sendBinary(ByteBuffer.wrap(new byte[] {1, 2, 3}), true).join();
      assertThat(client.next("error").path("message").asString()).contains("binary");
      assertThat(client.isOpen()).isTrue();
    }
  }

  @Test
  void garbage_is_refused_and_the_connection_stays() {
    try (var client = gateway.connect(token)) {
      client.say("\u0000{]");
      assertThat(client.next("error").path("code").asString()).isEqualTo("INVALID_MESSAGE");
      assertThat(client.isOpen()).isTrue();
    }
  }

  @Test
  void text_that_is_not_utf8_is_closed_with_1007() {
    try (var raw = RawSocket.upgraded(gateway.port(), token)) {
      byte[] overlong = {(byte) 0xc0, (byte) 0x80};
      assertThat(raw.frame(TEXT, overlong).closed()).isEqualTo(1007);
    }
  }

  @Test
  void reserved_bits_are_closed_with_1002() {
    try (var raw = RawSocket.upgraded(gateway.port(), token)) {
      assertThat(raw.frame(TEXT | 0x40, bytes("{}")).closed()).isEqualTo(1002);
    }
  }

  @Test
  void a_message_of_too_many_fragments_is_closed_with_1008() {
    try (var raw = RawSocket.upgraded(gateway.port(), token)) {
      raw.frame(0x01, new byte[0]);
      for (int i = 0; i < 70; i++) {
        raw.frame(0x00, new byte[0]);
      }
      assertThat(raw.closed()).isEqualTo(1008);
    }
  }

  @Test
  void pings_beyond_the_rate_are_closed_with_1008() {
    try (var raw = RawSocket.upgraded(gateway.port(), token)) {
      for (int i = 0; i < 100; i++) {
        raw.frame(PING, bytes("p"));
      }
      assertThat(raw.closed()).isEqualTo(1008);
    }
  }

  @Test
  void a_client_that_answers_no_ping_is_closed_with_4408() {
    try (var raw = RawSocket.upgraded(gateway.port(), token)) {
      assertThat(raw.closed()).isEqualTo(4408);
    }
  }

  @Test
  void a_client_that_waits_for_an_answer_is_not_silent() {
    var answers = Sinks.<Void>empty();
    try (var busy = new TestGateway("WEBSOCKET_PING_INTERVAL", "1", "WEBSOCKET_PONG_TIMEOUT", "1");
        var waiting = busy.connect(token)) {
      busy.events().answerAfter(answers.asMono());
      waiting.say(subscribe("agent:waiting")).say("{'type':'ping','timestamp':1}");
      waiting.next("ping");
      try (var silent = RawSocket.upgraded(busy.port(), token)) {
        // It was pinged later: when its time is over, the other's is too.
        assertThat(silent.closed()).isEqualTo(4408);
      }
      assertThat(waiting.isOpen()).isTrue();

      answers.tryEmitEmpty();

      waiting.next("success");
      waiting.next("pong");
    }
  }

  @Test
  void messages_beyond_the_rate_are_refused() {
    try (var client = gateway.connect(token)) {
      IntStream.range(0, 60).forEach(i -> client.say("{'type':'ping','timestamp':1}"));
      assertThat(client.next("error").path("code").asString()).isEqualTo("RATE_LIMIT_EXCEEDED");
      assertThat(client.isOpen()).isTrue();
    }
  }

  @Test
  void whoever_talks_on_against_the_rate_is_closed_with_1008() {
    try (var strict = new TestGateway("WEBSOCKET_MESSAGES_PER_SECOND", "1");
        var raw = RawSocket.upgraded(strict.port(), token)) {
      for (int i = 0; i < 2000; i++) {
        raw.frame(TEXT, bytes("{}"));
      }
      assertThat(raw.closed()).isIn(1008, 4420);
    }
  }

  @Test
  void subscriptions_beyond_the_limit_subscribe_nothing() {
    try (var client = gateway.connect(token)) {
      client.say(subscribe("agent:l1", "agent:l2")).next("success");
      client.say(subscribe("agent:l3", "agent:l4"));
      assertThat(client.next("error").path("code").asString())
          .isEqualTo("SUBSCRIPTION_LIMIT_EXCEEDED");
      client.say("{'type':'list'}");
      assertThat(client.next("success").path("channels").size()).isEqualTo(2);
    }
  }

  @Test
  void a_full_channel_refuses_the_whole_message_and_is_free_when_its_subscriber_leaves() {
    try (var first = gateway.connect(token);
        var second = gateway.connect(token)) {
      first.say(subscribe("agent:full")).next("success");
      second.say(subscribe("agent:empty", "agent:full"));
      assertThat(second.next("error").path("code").asString())
          .isEqualTo("CHANNEL_SUBSCRIBER_LIMIT_EXCEEDED");
      first.say("{'type':'unsubscribe','channels':['agent:full']}").next("success");
      second.say(subscribe("agent:empty", "agent:full"));
      assertThat(second.next("success").path("channels").size()).isEqualTo(2);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
