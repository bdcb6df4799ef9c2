package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The envelope dialect over a real socket (wire contract §3.4). */
class EnvelopeDialectTest {
  private static TestGateway gateway;
  private SocketClient client;

  @BeforeAll
  static void start() {
    gateway = new TestGateway("WEBSOCKET_METRICS_INTERVAL", "1");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @BeforeEach
  void join() {
    client = gateway.connect(TestGateway.token("acme", "agent:read"));
    client.next();
  }

  @AfterEach
  void leave() {
    client.close();
  }

  private JsonNode ask(String id, String type, String data) {
    client.say(
        "{'version':'1.0','messageId':'%s','timestamp':1,'correlationId':null,'type':'%s','data':%s}"
            .formatted(id, type, data));
    return client.next(message -> message.path("correlationId").asString("").equals(id));
  }

  private JsonNode subscribe(String id, String channel) {
    return ask(id, "subscribe", "{'action':'subscribe','channels':[" + channel + "]}");
  }

  @Test
  void a_handshake_is_answered_with_what_the_server_can() {
    JsonNode answer =
        ask(
            "h-1",
            "handshake",
            "{'clientName':'test','clientVersion':'1','supportedVersions':['1.0'],"
                + "'capabilities':[],'metadata':{}}");

    assertThat(answer.path("type").asString()).isEqualTo("response");
    JsonNode result = answer.path("data").path("result");
    assertThat(result.path("protocolVersion").asString()).isEqualTo("1.0");
    assertThat(result.path("capabilities").valueStream().map(JsonNode::asString))
        .contains("resume");
  }

  @Test
  void a_handshake_without_a_common_version_is_refused() {
    JsonNode answer =
        ask(
            "h-2",
            "handshake",
            "{'clientName':'test','clientVersion':'1','supportedVersions':['9'],"
                + "'capabilities':[],'metadata':{}}");

    assertThat(answer.path("type").asString()).isEqualTo("error");
    assertThat(answer.path("data").path("message").asString()).contains("supportedVersions");
  }

  @Test
  void every_member_is_there_if_only_as_null() {
    JsonNode pong = ask("p-1", "ping", "{'timestamp':5}");

    assertThat(pong.propertyNames())
        .containsExactly("version", "messageId", "timestamp", "correlationId", "type", "data");
    assertThat(pong.path("data").path("pingTimestamp").longValue()).isEqualTo(5);
    assertThat(pong.path("data").get("payload").isNull()).isTrue();
  }

  @Test
  void an_event_has_its_position_as_sequence() {
    subscribe("s-1", "{'channel':'agent:env-1','qos':'exactlyOnce','filters':null}");
    long position = gateway.events().record("acme", "env-1", "agent.created", Map.of("a", 1));

    JsonNode event = client.next("event");

    assertThat(event.get("correlationId").isNull()).isTrue();
    JsonNode data = event.path("data");
    assertThat(data.path("channel").asString()).isEqualTo("agent:env-1");
    assertThat(data.path("eventType").asString()).isEqualTo("agent.created");
    assertThat(data.path("sequence").longValue()).isEqualTo(position);
    assertThat(data.path("metadata").path("agentId").asString()).isEqualTo("env-1");
    assertThat(data.path("metadata").path("actor").path("subject").asString()).isEqualTo("someone");
    assertThat(data.path("data").path("a").intValue()).isEqualTo(1);
  }

  @Test
  void a_filter_lets_through_the_named_types_only() {
    subscribe(
        "s-2",
        "{'channel':'agent:env-2','qos':'atLeastOnce','filters':{'types':['agent.paused']}}");
    gateway.events().record("acme", "env-2", "agent.created", Map.of());
    long paused = gateway.events().record("acme", "env-2", "agent.paused", Map.of());

    assertThat(client.next("event").path("data").path("sequence").longValue()).isEqualTo(paused);
  }

  @Test
  void list_and_unsubscribe_do_what_they_say() {
    subscribe(
        "s-3", "{'channel':'agents','qos':'atMostOnce'},{'channel':'tasks','qos':'atMostOnce'}");
    ask("u-1", "subscribe", "{'action':'unsubscribe','channels':[{'channel':'agents'}]}");
    JsonNode listed = ask("l-1", "subscribe", "{'action':'list','channels':[]}");

    assertThat(listed.path("data").path("result").path("channels").toString())
        .isEqualTo("[\"tasks\"]");
  }

  @Test
  void a_call_subscribes_and_unsubscribes() {
    JsonNode subscribed = ask("c-1", "request", "{'method':'subscribe','params':['agents']}");
    JsonNode unsubscribed = ask("c-2", "request", "{'method':'unsubscribe','params':['agents']}");

    assertThat(subscribed.path("data").path("status").asString()).isEqualTo("success");
    assertThat(unsubscribed.path("data").path("result").path("channels").toString())
        .isEqualTo("[\"agents\"]");
  }

  @Test
  void an_unknown_method_is_a_response_with_an_error() {
    JsonNode answer = ask("c-3", "request", "{'method':'launch','params':{}}");

    assertThat(answer.path("type").asString()).isEqualTo("response");
    assertThat(answer.path("data").path("status").asString()).isEqualTo("error");
    assertThat(answer.path("data").path("code").asString()).isEqualTo("METHOD_NOT_FOUND");
  }

  @Test
  void get_stats_needs_a_permission() {
    JsonNode denied = ask("c-4", "request", "{'method':'get_stats','params':{}}");

    assertThat(denied.path("data").path("code").asString()).isEqualTo("PERMISSION_DENIED");
  }

  @Test
  void the_metrics_channel_announces_real_figures() {
    client.close();
    client = gateway.connect(TestGateway.token("acme", "metrics:view"));
    subscribe("s-4", "{'channel':'metrics','qos':'atMostOnce'}");

    JsonNode update =
        client.next(
            message -> message.path("data").path("eventType").asString().equals("metrics.update"));

    JsonNode health =
        client.next(
            message -> message.path("data").path("eventType").asString().equals("health.check"));

    assertThat(health.path("data").path("data").has("components")).isTrue();
    assertThat(update.path("data").path("data").path("totalConnections").intValue())
        .isGreaterThanOrEqualTo(1);
    assertThat(update.path("data").get("sequence").isNull()).isTrue();
  }

  @Test
  void a_channel_that_can_lose_notices_promises_nothing_else() {
    JsonNode refused = subscribe("s-5", "{'channel':'notifications','qos':'exactlyOnce'}");

    assertThat(refused.path("data").path("message").asString()).contains("atMostOnce only");
  }

  @Test
  void flat_and_envelope_may_be_mixed_on_one_connection() {
    JsonNode enveloped = ask("x-1", "ping", "{'timestamp':5}");
    JsonNode flat = client.say("{'type':'ping','timestamp':6}").next("pong");

    assertThat(enveloped.path("type").asString()).isEqualTo("pong");
    assertThat(flat.path("timestamp").longValue()).isEqualTo(6);
  }
}
