package dev.skreaver.gateway.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.gateway.RunningGateway;
import dev.skreaver.gateway.RunningGateway.Answer;
import dev.skreaver.gateway.TestToken;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A gateway in front of two command services that come and go. */
class ReroutingTest {
  private static final String TENANT = "acme";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private CommandStandIn one;
  private CommandStandIn two;
  private RunningGateway gateway;

  @BeforeEach
  void start() {
    one = CommandStandIn.onFreePort();
    two = CommandStandIn.onFreePort();
    gateway =
        new RunningGateway("SKREAVER_COMMAND_URL=%s, %s/".formatted(one.address(), two.address()));
    awaitBoth();
    // That is also said of an instance that was not asked yet, and no later answer may change it.
    await().atMost(LIMIT).until(() -> ready(one).equals("Healthy") && ready(two).equals("Healthy"));
  }

  @AfterEach
  void stop() {
    gateway.close();
    one.close();
    two.close();
  }

  @Test
  void all_commands_of_an_agent_go_to_one_instance_and_both_have_agents() {
    for (int i = 0; i < 40; i++) {
      assertThat(pause("a-" + i % 20).status()).isEqualTo(200);
    }
    assertThat(one.agents()).isNotEmpty().doesNotContainAnyElementsOf(two.agents());
    assertThat(two.agents()).isNotEmpty();
    assertThat(one.received() + two.received()).isEqualTo(40);
  }

  @Test
  void when_an_instance_is_gone_its_agents_go_to_the_other_and_later_come_back() {
    String agent = agentOf(one);
    assertThat(pause(agent).status()).isEqualTo(200);

    one.stop();
    assertThat(pause(agent).status()).isEqualTo(200);
    assertThat(two.agents()).contains(agent);

    one.start();
    awaitBoth();
    long before = one.received();
    assertThat(pause(agent).status()).isEqualTo(200);
    assertThat(one.received()).isEqualTo(before + 1);
  }

  @Test
  void an_instance_that_is_not_ready_is_left_out() {
    String agent = agentOf(one);
    one.ready(false);
    await().atMost(LIMIT).until(() -> ready(one).equals("Unhealthy"));

    assertThat(pause(agent).status()).isEqualTo(200);

    assertThat(one.received()).isZero();
    assertThat(two.agents()).containsExactly(agent);
  }

  @Test
  void where_none_is_ready_the_first_choice_is_asked_all_the_same() {
    String agent = agentOf(one);
    one.ready(false);
    two.ready(false);
    await().atMost(LIMIT).until(() -> gateway.send(gateway.request("/ready")).status() == 503);

    assertThat(pause(agent).status()).isEqualTo(200);
    assertThat(one.agents()).containsExactly(agent);
  }

  @Test
  void a_command_that_was_broken_off_is_sent_again_only_with_an_idempotency_key() {
    String agent = agentOf(one);
    one.breakOff();

    Answer unknown = pause(agent);
    assertThat(unknown.status()).isEqualTo(503);
    assertThat(unknown.json().path("message").asString()).contains("Idempotency-Key");
    assertThat(two.received()).isZero();

    awaitBoth();
    assertThat(pause(agent, "key").status()).isEqualTo(200);
    assertThat(one.received()).isEqualTo(2);
    assertThat(two.agents()).containsExactly(agent);
  }

  @Test
  void a_refusal_of_the_first_choice_is_the_answer() {
    String agent = agentOf(one);
    one.refuse(ErrorCode.ILLEGAL_TRANSITION);
    assertThat(pause(agent, "key").error()).isEqualTo("illegal_transition");
    assertThat(two.received()).isZero();
  }

  @Test
  void without_any_instance_the_command_is_refused_and_can_be_repeated() {
    one.stop();
    two.stop();
    Answer refused = pause("a");
    assertThat(refused.status()).isEqualTo(503);
    assertThat(refused.error()).isEqualTo("service_unavailable");
    assertThat(refused.header("Retry-After")).isNotEmpty();
  }

  @Test
  void readiness_shows_every_instance_and_metrics_count_them() {
    two.ready(false);
    await().atMost(LIMIT).until(() -> ready(two).equals("Unhealthy"));

    assertThat(ready(one)).isEqualTo("Healthy");
    assertThat(
            gateway
                .send(gateway.request("/ready"))
                .json()
                .at("/components/command_service/status")
                .toString())
        .contains("Degraded", two.address().toString());
    assertThat(metrics())
        .contains("skreaver_command_instances{state=\"available\"} 1.0")
        .contains("skreaver_command_instances{state=\"left_out\"} 1.0");
  }

  private void awaitBoth() {
    await()
        .atMost(LIMIT)
        .until(() -> metrics().contains("skreaver_command_instances{state=\"available\"} 2.0"));
  }

  private String metrics() {
    return gateway.send(gateway.request("/metrics")).http().body();
  }

  /** An agent whose first choice is this instance. */
  private String agentOf(CommandStandIn instance) {
    var instances = new Instances(List.of(one.address(), two.address()));
    for (int i = 0; ; i++) {
      String agent = "agent-" + i;
      URI first = instances.choices(TENANT + "/" + agent).getFirst().address();
      if (first.equals(instance.address())) {
        return agent;
      }
    }
  }

  private String ready(CommandStandIn instance) {
    return gateway
        .send(gateway.request("/ready"))
        .json()
        .path("components")
        .path("command_service")
        .path("metadata")
        .path(instance.address().toString())
        .asString("");
  }

  private Answer pause(String agent) {
    return gateway.post("/agents/" + agent + "/pause", "{\"reason\":\"lunch\"}");
  }

  private Answer pause(String agent, String key) {
    return gateway.send(
        gateway
            .as(TestToken.good(), "/agents/" + agent + "/pause")
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .POST(BodyPublishers.ofString("{\"reason\":\"lunch\"}")));
  }
}
