package dev.skreaver.gateway.websocket;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Sinks;

/** What a connection leaves behind. */
class DisconnectTest {
  @Test
  void a_subscription_that_is_answered_after_its_connection_has_ended_begins_nothing() {
    try (var gateway = new TestGateway("WEBSOCKET_MAX_SUBSCRIBERS_PER_CHANNEL", "1")) {
      String token = TestGateway.token("acme", "agent:read");
      var answers = Sinks.<Void>empty();
      var asked = Sinks.<Void>empty();
      gateway
          .events()
          .answerAfter(answers.asMono().doOnSubscribe(question -> asked.tryEmitEmpty()));
      try (var gone = gateway.connect(token)) {
        gone.say("{'type':'subscribe','channels':['agents']}");
        asked.asMono().block(Duration.ofSeconds(60));
        gone.socket().sendClose(1000, "done").join();
        gone.closed();
      }
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> gateway.meters().get("websocket.connections.active").gauge().value() == 0);

      answers.tryEmitEmpty();

      try (var next = gateway.connect(token)) {
        next.say("{'type':'subscribe','channels':['agents']}").next("success");
      }
    }
  }
}
