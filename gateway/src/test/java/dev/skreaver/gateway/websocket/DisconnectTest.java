package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Sinks;
import tools.jackson.databind.JsonNode;

/** What a connection leaves behind. */
class DisconnectTest {
  private static final String TOKEN = TestGateway.token("acme", "agent:read");
  private static final int MOST_MESSAGES = 500;

  /** They are named in every answer, so that few answers fill the network. */
  private static final String LONG_NAMES =
      IntStream.range(0, 300)
          .mapToObj(i -> wish("agent:" + "n".repeat(115) + i, ""))
          .collect(Collectors.joining(","));

  @Test
  void a_connection_that_is_cut_by_the_answer_to_its_subscribe_leaves_its_places_free() {
    try (var gateway = strict()) {
      int said = cutByAnswers(gateway, i -> wish("agent:new-" + i, ""));

      assertFree(gateway, IntStream.range(0, said).mapToObj(i -> "agent:new-" + i));
    }
  }

  @Test
  void a_place_that_is_taken_again_from_a_position_is_left_free_too() {
    try (var gateway = strict()) {
      // In turns, because the message after the last answer may be read too.
      int turns = 5;
      cutByAnswers(gateway, i -> wish("agent:again-" + i % turns, ",'position':0"));

      assertFree(gateway, IntStream.range(0, turns).mapToObj(i -> "agent:again-" + i));
    }
  }

  private static void assertFree(TestGateway gateway, Stream<String> channels) {
    try (var next = gateway.connect(TOKEN)) {
      next.say(subscribe(channels.map(name -> wish(name, "")).collect(Collectors.joining(","))));
      JsonNode answer = next.next(message -> !message.path("correlationId").isNull());
      assertThat(answer.path("type").asString()).as("%s", answer).isEqualTo("response");
    }
  }

  private static TestGateway strict() {
    return new TestGateway(
        "WEBSOCKET_MAX_SUBSCRIBERS_PER_CHANNEL", "1",
        "WEBSOCKET_MAX_SUBSCRIPTIONS_PER_CONNECTION", "1000",
        "WEBSOCKET_MESSAGES_PER_SECOND", "10000",
        "WEBSOCKET_BUFFER_SIZE", "10");
  }

  /**
   * Has a client that reads nothing subscribe until it is cut.
   *
   * @return the number of its messages
   */
  private static int cutByAnswers(TestGateway gateway, IntFunction<String> wish) {
    int said = 0;
    try (var deaf = SocketClient.deaf(gateway.port(), "?token=" + TOKEN)) {
      while (cuts(gateway) == 0) {
        assertThat(said).as("answers that a deaf client was sent").isLessThan(MOST_MESSAGES);
        deaf.say(subscribe(LONG_NAMES + "," + wish.apply(said)));
        said++;
      }
    }
    awaitNoConnection(gateway);
    return said;
  }

  private static double cuts(TestGateway gateway) {
    return gateway.meters().counter("websocket.errors", "type", "slow_consumer").count();
  }

  private static void awaitNoConnection(TestGateway gateway) {
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> gateway.meters().get("websocket.connections.active").gauge().value() == 0);
  }

  private static String wish(String channel, String more) {
    return "{'channel':'%s','qos':'atMostOnce'%s}".formatted(channel, more);
  }

  private static String subscribe(String wishes) {
    return """
    {'version':'1.0','messageId':'s-1','timestamp':1,'correlationId':null,'type':'subscribe',
     'data':{'action':'subscribe','channels':[%s]}}
    """
        .formatted(wishes);
  }

  @Test
  void a_subscription_that_is_answered_after_its_connection_has_ended_begins_nothing() {
    try (var gateway = new TestGateway("WEBSOCKET_MAX_SUBSCRIBERS_PER_CHANNEL", "1")) {
      var answers = Sinks.<Void>empty();
      var asked = Sinks.<Void>empty();
      gateway
          .events()
          .answerAfter(answers.asMono().doOnSubscribe(question -> asked.tryEmitEmpty()));
      try (var gone = gateway.connect(TOKEN)) {
        gone.say("{'type':'subscribe','channels':['agents']}");
        asked.asMono().block(Duration.ofSeconds(60));
        gone.socket().sendClose(1000, "done").join();
        gone.closed();
      }
      awaitNoConnection(gateway);

      answers.tryEmitEmpty();

      try (var next = gateway.connect(TOKEN)) {
        next.say("{'type':'subscribe','channels':['agents']}").next("success");
      }
    }
  }
}
