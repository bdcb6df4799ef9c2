package dev.skreaver.gateway.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Where a subscription begins that names a position. */
class ResumeTest {
  private final EventLog events = new EventLog();
  private final String token = TestGateway.token("acme", "agent:read");

  private long record() {
    return events.record("acme", "resumed", "agent.updated", Map.of());
  }

  private void record(int count) {
    for (int i = 0; i < count; i++) {
      record();
    }
  }

  private static String subscribe(long position) {
    return "{'type':'subscribe','channels':['agents'],'position':" + position + "}";
  }

  private static String subscribeInEnvelope(long position) {
    return """
    {'version':'1.0','messageId':'s-1','timestamp':1,'correlationId':null,'type':'subscribe',
     'data':{'action':'subscribe','channels':[
       {'channel':'agents','qos':'exactlyOnce','position':%d}]}}
    """
        .formatted(position);
  }

  @Test
  void a_position_that_is_no_longer_kept_is_answered_with_a_gap_that_names_the_earliest() {
    record(20);
    try (var gateway = new TestGateway(events, "SKREAVER_STREAM_RETENTION_EVENTS", "10");
        var client = gateway.connect(token)) {
      JsonNode gap = client.say(subscribe(1)).next("gap");

      long earliest = gap.path("earliest").longValue();
      assertThat(gap.path("channel").asString()).isEqualTo("agents");
      assertThat(gap.path("requested").longValue()).isEqualTo(1);
      assertThat(earliest).isEqualTo(events.head() - 10 + 1);
      List<Long> kept = events.positions("acme", earliest - 1);
      assertThat(client.positions("agents", kept.size())).isEqualTo(kept);
    }
  }

  @Test
  void events_that_are_archived_are_a_gap() {
    record(20);
    long archived = events.head() - 5;
    events.archive(archived);
    try (var gateway = new TestGateway(events);
        var client = gateway.connect(token)) {
      JsonNode gap = client.say(subscribe(1)).next("gap");

      assertThat(gap.path("requested").longValue()).isEqualTo(1);
      assertThat(gap.path("earliest").longValue()).isEqualTo(archived + 1);
      List<Long> kept = events.positions("acme", archived);
      assertThat(client.positions("agents", kept.size())).isEqualTo(kept);
    }
  }

  @Test
  void the_gap_is_told_in_an_envelope_too() {
    record(20);
    try (var gateway = new TestGateway(events, "SKREAVER_STREAM_RETENTION_EVENTS", "10");
        var client = gateway.connect(token)) {
      JsonNode gap = client.say(subscribeInEnvelope(1)).next("gap");

      assertThat(gap.path("version").asString()).isEqualTo("1.0");
      assertThat(gap.path("data").path("channel").asString()).isEqualTo("agents");
      assertThat(gap.path("data").path("requested").longValue()).isEqualTo(1);
      long earliest = gap.path("data").path("earliest").longValue();
      assertThat(earliest).isEqualTo(events.head() - 10 + 1);
      assertThat(client.next("event").path("data").path("sequence").longValue())
          .isEqualTo(events.positions("acme", earliest - 1).getFirst());
    }
  }

  @Test
  void a_position_that_is_still_kept_has_no_gap() {
    record(20);
    long kept = events.head() - 10;
    try (var gateway = new TestGateway(events, "SKREAVER_STREAM_RETENTION_EVENTS", "10");
        var client = gateway.connect(token)) {
      JsonNode first =
          client
              .say(subscribe(kept))
              .next(
                  message ->
                      !message.path("type").asString().equals("success")
                          && message.path("channel").asString().equals("agents"));

      assertThat(first.path("type").asString()).isEqualTo("event");
      assertThat(first.path("position").longValue())
          .isEqualTo(events.positions("acme", kept).getFirst());
    }
  }

  @Test
  void a_restart_of_the_gateway_leaves_no_gap_and_no_repeat() {
    var heard = new ArrayList<Long>();
    var first = new TestGateway(events);
    try (var client = first.connect(token)) {
      record(700);
      client.say(subscribe(0));
      heard.addAll(client.positions("agents", 700));
      record(5);
      heard.addAll(client.positions("agents", 3));

      first.close();

      assertThat(client.closed()).isEqualTo(1001);
    }
    record(600);
    try (var gateway = new TestGateway(events);
        var client = gateway.connect(token)) {
      client.say(subscribe(heard.getLast()));
      record(5);
      int missing = events.positions("acme", heard.getLast()).size();
      heard.addAll(client.positions("agents", missing));
      heard.add(record());
      assertThat(client.positions("agents", 1)).containsExactly(heard.getLast());
    }
    assertThat(heard).isEqualTo(events.positions("acme", 0));
  }

  @Test
  void two_gateways_tell_the_same() {
    try (var one = new TestGateway(events);
        var other = new TestGateway(events);
        var here = one.connect(token);
        var there = other.connect(token)) {
      here.say(subscribe(0)).next("success");
      record(5);
      there.say(subscribe(0)).next("success");
      record(5);

      List<Long> all = events.positions("acme", 0);
      assertThat(here.positions("agents", 10)).isEqualTo(all);
      assertThat(there.positions("agents", 10)).isEqualTo(all);
    }
  }
}
