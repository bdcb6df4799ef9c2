package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

class AuthenticationTest {
  private static TestGateway gateway;

  @BeforeAll
  static void start() {
    gateway = new TestGateway("WEBSOCKET_AUTH_TIMEOUT", "60");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static String auth(String token) {
    return "{'type':'auth','token':'" + token + "'}";
  }

  @Test
  void a_connection_without_a_token_may_authenticate_by_message() {
    try (var client = gateway.connect()) {
      client.say(auth(TestGateway.token("acme", "agent:read")));
      JsonNode answer = client.next("success");
      client.say("{'type':'subscribe','channels':['agent:by-message']}").next("success");
      long position = gateway.events().record("acme", "by-message", "agent.created", Map.of());

      assertThat(answer.path("message").asString()).isEqualTo("Authentication successful");
      assertThat(answer.path("user_id").asString()).isEqualTo("alice");
      assertThat(client.positions("agent:by-message", 1)).containsExactly(position);
    }
  }

  @Test
  void the_log_tells_of_an_authentication_without_the_name_that_may_have_to_be_erased() {
    var lines = new ListAppender<ILoggingEvent>();
    lines.list = new CopyOnWriteArrayList<>();
    lines.start();
    var log = (Logger) LoggerFactory.getLogger(Session.class);
    log.addAppender(lines);
    String token = TestGateway.token("acme", "carol-in-clear", Duration.ofMinutes(10));
    try (var client = gateway.connect()) {
      client.say(auth(token)).next("success");

      assertThat(lines.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .anyMatch(line -> line.startsWith("websocket auth ok connection="))
          .noneMatch(line -> line.contains("carol-in-clear"));
    } finally {
      log.detachAppender(lines);
    }
  }

  @Test
  void before_authentication_only_ping_handshake_and_auth_are_served() {
    try (var client = gateway.connect()) {
      client.say("{'type':'subscribe','channels':['agents']}");
      assertThat(client.next("error").path("code").asString()).isEqualTo("AUTHENTICATION_FAILED");
      client.say("{'type':'ping','timestamp':1}");
      assertThat(client.next("pong").path("timestamp").longValue()).isEqualTo(1);
    }
  }

  @Test
  void whoever_does_not_authenticate_in_time_is_closed_with_4401() {
    try (var impatient = new TestGateway("WEBSOCKET_AUTH_TIMEOUT", "3");
        var client = impatient.connect()) {
      assertThat(client.closed()).isEqualTo(4401);
    }
  }

  @Test
  void guessing_tokens_ends_the_connection() {
    try (var client = gateway.connect()) {
      for (int i = 0; i < 5; i++) {
        client.say(auth("a.b.c"));
      }
      assertThat(client.next("error").path("code").asString()).isEqualTo("AUTHENTICATION_FAILED");
      assertThat(client.closed()).isEqualTo(4401);
    }
  }

  @Test
  void an_expired_token_closes_the_connection_with_4401() {
    String token = TestGateway.token("acme", "alice", Duration.ofSeconds(5), "agent:read");
    try (var client = gateway.connect(token)) {
      assertThat(client.next("error").path("message").asString()).contains("expired");
      assertThat(client.closed()).isEqualTo(4401);
    }
  }

  @Test
  void a_client_that_listens_is_notified_that_its_token_expires() {
    String token = TestGateway.token("acme", "alice", Duration.ofSeconds(75));
    try (var client = gateway.connect(token)) {
      client.say("{'type':'subscribe','channels':['notifications']}").next("success");

      JsonNode notice = client.next(message -> message.has("event_type"));

      assertThat(notice.path("event_type").asString()).isEqualTo("user.notification");
      assertThat(notice.path("data").path("notification").asString()).isEqualTo("token_expires");
    }
  }

  @Test
  void a_second_token_ends_what_it_does_not_allow() {
    try (var client = gateway.connect(TestGateway.token("acme", "agent:read", "metrics:view"))) {
      client.say("{'type':'subscribe','channels':['agents','metrics']}").next("success");
      client.say(auth(TestGateway.token("acme", "agent:read")));

      assertThat(client.next("success").path("ended").toString()).isEqualTo("[\"metrics\"]");
    }
  }

  @Test
  void a_connection_cannot_be_turned_into_someone_elses() {
    try (var client = gateway.connect(TestGateway.token("acme", "agent:read"))) {
      client.say(auth(TestGateway.token("rival", "agent:read")));

      assertThat(client.next("error").path("code").asString()).isEqualTo("AUTHENTICATION_FAILED");
    }
  }

  @Test
  void a_channel_needs_its_permission_and_one_refused_refuses_all() {
    try (var client = gateway.connect(TestGateway.token("acme", "agent:read"))) {
      for (String denied : new String[] {"system", "metrics", "debug"}) {
        client.say("{'type':'subscribe','channels':['agents','" + denied + "']}");
        JsonNode error = client.next("error");
        assertThat(error.path("code").asString()).isEqualTo("PERMISSION_DENIED");
        assertThat(error.path("details").path("channel").asString()).isEqualTo(denied);
      }
      client.say("{'type':'list'}");
      assertThat(client.next("success").path("channels").isEmpty()).isTrue();
    }
  }

  @Test
  void an_unknown_channel_is_not_found() {
    try (var client = gateway.connect(TestGateway.token("acme", "agent:read"))) {
      for (String unknown : new String[] {"Agents", "agent:../etc", "agent:", "nothing"}) {
        client.say("{'type':'subscribe','channels':['" + unknown + "']}");
        assertThat(client.next("error").path("code").asString()).isEqualTo("CHANNEL_NOT_FOUND");
      }
    }
  }
}
