package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A client that does not read what it has subscribed to. */
class SlowConsumerTest {
  private static final int MOST_EVENTS = 5_000;
  private static final Map<String, ?> LARGE = Map.of("text", "x".repeat(32 * 1024));
  private static TestGateway gateway;
  private final String token = TestGateway.token("acme", "agent:read");

  @BeforeAll
  static void start() {
    gateway = new TestGateway("SKREAVER_STREAM_BUFFER_EVENTS", "10");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static double cuts() {
    return gateway.meters().counter("websocket.errors", "type", "slow_consumer").count();
  }

  /** Reads the welcome, the acknowledgement and that it is live now; nothing after it. */
  private static void subscribeAndGoDeaf(SocketClient client) {
    client.say("{'type':'subscribe','channels':['agents']}").read(3);
    client.next("caught_up");
  }

  /** Until the deaf client is cut, one at a time so that whoever listens keeps up. */
  private static List<Long> heardWhileTheOtherIsDeaf(SocketClient listening) {
    var heard = new ArrayList<Long>();
    double before = cuts();
    while (cuts() == before) {
      gateway.events().record("acme", "busy", "agent.updated", LARGE);
      heard.addAll(listening.positions("agents", 1));
      assertThat(heard)
          .as("events that a deaf client was left to miss")
          .hasSizeLessThan(MOST_EVENTS);
    }
    return heard;
  }

  @Test
  void is_told_its_position_and_closed_while_others_get_every_event() {
    long start = gateway.events().head();
    try (var deaf = SocketClient.deaf(gateway.port(), "?token=" + token);
        var listening = gateway.connect(token)) {
      subscribeAndGoDeaf(deaf);
      listening.say("{'type':'subscribe','channels':['agents']}").next("success");

      List<Long> heard = heardWhileTheOtherIsDeaf(listening);
      deaf.read(Long.MAX_VALUE);

      JsonNode error = deaf.next("error");
      assertThat(error.path("code").asString()).isEqualTo("SLOW_CONSUMER");
      assertThat(error.path("details").path("last_position").path("agents").longValue())
          .isBetween(start, heard.getLast());
      assertThat(deaf.closed()).isEqualTo(4420);
      assertThat(heard).isEqualTo(gateway.events().positions("acme", start));
    }
  }

  @Test
  void misses_nothing_when_it_resumes_from_the_position_it_was_told() {
    long start = gateway.events().head();
    var heard = new ArrayList<Long>();
    long told;
    try (var deaf = SocketClient.deaf(gateway.port(), "?token=" + token);
        var listening = gateway.connect(token)) {
      subscribeAndGoDeaf(deaf);
      listening.say("{'type':'subscribe','channels':['agents']}").next("success");
      heardWhileTheOtherIsDeaf(listening);
      deaf.read(Long.MAX_VALUE);
      JsonNode message = deaf.next();
      while (!message.path("type").asString().equals("error")) {
        if (message.has("event_type")) {
          heard.add(message.path("position").longValue());
        }
        message = deaf.next();
      }
      told = message.path("details").path("last_position").path("agents").longValue();
    }
    assertThat(heard).endsWith(told);

    try (var again = gateway.connect(token)) {
      again.say("{'type':'subscribe','channels':['agents'],'position':" + told + "}");
      List<Long> missed = gateway.events().positions("acme", told);
      heard.addAll(again.positions("agents", missed.size()));
      long live = gateway.events().record("acme", "busy", "agent.updated", Map.of());
      heard.addAll(again.positions("agents", 1));
      assertThat(heard).endsWith(live);
    }
    assertThat(heard).isEqualTo(gateway.events().positions("acme", start));
  }
}
