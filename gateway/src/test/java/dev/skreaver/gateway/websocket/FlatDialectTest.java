package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The flat dialect over a real socket (wire contract §3.3). */
class FlatDialectTest {
  private static TestGateway gateway;
  private SocketClient client;

  @BeforeAll
  static void start() {
    gateway = new TestGateway();
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @BeforeEach
  void join() {
    client = gateway.connect(TestGateway.token("acme", "agent:read"));
  }

  @AfterEach
  void leave() {
    client.close();
  }

  @Test
  void the_first_message_is_the_welcome() {
    JsonNode welcome = client.next();

    assertThat(welcome.path("version").asString()).isEqualTo("1.0");
    assertThat(welcome.path("type").asString()).isEqualTo("event");
    JsonNode data = welcome.path("data");
    assertThat(data.path("channel").asString()).isEqualTo("system");
    assertThat(data.path("eventType").asString()).isEqualTo("server.started");
    assertThat(data.path("data").path("protocolVersion").asString()).isEqualTo("1.0");
    assertThat(data.path("data").path("availableChannels").valueStream().map(JsonNode::asString))
        .containsExactly("system", "agents", "tasks", "notifications", "metrics", "debug");
  }

  @Test
  void a_ping_is_answered_with_its_timestamp() {
    client.say("{'type':'ping','timestamp':1700000000}");

    assertThat(client.next("pong").toString())
        .isEqualTo("{\"type\":\"pong\",\"timestamp\":1700000000}");
  }

  @Test
  void a_subscription_is_acknowledged_with_channels_and_positions() {
    long head = gateway.events().record("acme", "ack-1", "agent.created", Map.of());
    client.say("{'type':'subscribe','channels':['agents','agent:ack-1']}");

    JsonNode ack = client.next("success");

    assertThat(ack.path("message").asString()).isEqualTo("Subscription successful");
    assertThat(ack.path("channels").toString()).isEqualTo("[\"agents\",\"agent:ack-1\"]");
    assertThat(ack.path("positions").path("agents").longValue()).isEqualTo(head);
  }

  @Test
  void an_event_carries_everything_that_the_contract_names() {
    client.say("{'type':'subscribe','channels':['agent:flat-1']}").next("success");
    long position =
        gateway.events().record("acme", "flat-1", "agent.paused", Map.of("reason", "lunch"));

    JsonNode event = client.next("event");
    while (!event.path("channel").asString().equals("agent:flat-1")) {
      event = client.next("event");
    }

    assertThat(event.path("event_type").asString()).isEqualTo("agent.paused");
    assertThat(event.path("position").longValue()).isEqualTo(position);
    assertThat(event.path("agent_id").asString()).isEqualTo("flat-1");
    assertThat(event.path("version").isIntegralNumber()).isTrue();
    assertThat(event.path("time").asString()).startsWith("2026-01-02T03:04:05");
    assertThat(event.path("data").path("reason").asString()).isEqualTo("lunch");
    assertThat(event.path("timestamp").isIntegralNumber()).isTrue();
  }

  @Test
  void list_names_what_is_subscribed_and_unsubscribe_ends_it() {
    client.say("{'type':'subscribe','channels':['agents','tasks']}").next("success");
    client.say("{'type':'unsubscribe','channels':['tasks','agent:never']}");
    JsonNode ended = client.next("success");
    client.say("{'type':'list'}");
    JsonNode listed = client.next("success");

    assertThat(ended.path("message").asString()).isEqualTo("Unsubscription successful");
    assertThat(ended.path("channels").toString()).isEqualTo("[\"tasks\"]");
    assertThat(listed.path("channels").toString()).isEqualTo("[\"agents\"]");
  }

  @Test
  void nothing_comes_after_the_acknowledged_end_of_a_subscription() {
    client.say("{'type':'subscribe','channels':['agent:ended']}").next("success");
    client.say("{'type':'unsubscribe','channels':['agent:ended']}").next("success");
    gateway.events().record("acme", "ended", "agent.paused", Map.of());
    client.say("{'type':'subscribe','channels':['agent:other']}").next("success");
    long other = gateway.events().record("acme", "other", "agent.paused", Map.of());

    assertThat(client.next("event").path("position").longValue()).isEqualTo(other);
  }

  @Test
  void another_tenants_events_never_arrive() {
    client.say("{'type':'subscribe','channels':['agents','agent:shared-name']}").next("success");
    gateway.events().record("rival", "shared-name", "agent.created", Map.of());
    long own = gateway.events().record("acme", "shared-name", "agent.created", Map.of());

    assertThat(client.positions("agents", 1)).containsExactly(own);
  }

  @Test
  void a_position_resumes_from_history_and_goes_on_live() {
    long start = gateway.events().head();
    long first = gateway.events().record("acme", "resumed", "agent.created", Map.of());
    long second = gateway.events().record("acme", "resumed", "agent.started", Map.of());
    client
        .say("{'type':'subscribe','channels':['agent:resumed'],'position':" + start + "}")
        .next("success");
    List<Long> history = client.positions("agent:resumed", 2);
    long third = gateway.events().record("acme", "resumed", "agent.paused", Map.of());

    assertThat(history).containsExactly(first, second);
    assertThat(client.positions("agent:resumed", 1)).containsExactly(third);
  }

  @Test
  void the_end_of_history_is_announced() {
    long head = gateway.events().record("acme", "history", "agent.created", Map.of());
    gateway.awaitDispatched();
    client.say("{'type':'subscribe','channels':['agent:history'],'position':0}");

    JsonNode caughtUp = client.next("caught_up");

    assertThat(caughtUp.path("channel").asString()).isEqualTo("agent:history");
    assertThat(caughtUp.path("position").longValue()).isGreaterThanOrEqualTo(head);
  }

  @Test
  void a_position_that_is_not_reached_yet_is_refused() {
    client.say("{'type':'subscribe','channels':['agents'],'position':999999999}");

    JsonNode error = client.next("error");

    assertThat(error.path("code").asString()).isEqualTo("INVALID_MESSAGE");
    assertThat(error.path("details").path("field").asString()).isEqualTo("position");
  }

  @Test
  void a_channel_without_history_takes_no_position() {
    client.say("{'type':'subscribe','channels':['notifications'],'position':1}");

    assertThat(client.next("error").path("message").asString()).contains("has no history");
  }
}
