package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that are only asked about, as a client meets them. */
class DryRunOverRestTest {
  private final Api api = Api.ofNewTenant();

  @Test
  void every_command_says_what_it_would_do_and_does_nothing() {
    var created = api.create("mine");

    proposes("agent.paused", api.post("/agents/mine/pause?dry_run=true", "{\"reason\":\"x\"}"));
    proposes("agent.stopped", api.post("/agents/mine/stop?dry_run=true", "{\"reason\":\"x\"}"));
    proposes(
        "agent.error",
        api.post("/agents/mine/error?dry_run=true", "{\"error\":\"x\",\"recoverable\":true}"));
    proposes("agent.updated", api.patch("/agents/mine?dry_run=true", "{\"name\":\"other\"}"));
    proposes("agent.deleted", api.delete("/agents/mine?dry_run=true"));

    var unchanged = api.get("/agents/mine?at=" + created.position()).is(200);
    assertThat(unchanged.json()).isEqualTo(created.json());
    var paused = api.pause("mine").is(200);
    assertThat(paused.text("/version")).isEqualTo("2");
    proposes("agent.resumed", api.post("/agents/mine/resume?dry_run=true", ""));
    long last =
        api.post("/agents/mine/error", "{\"error\":\"x\",\"recoverable\":true}").is(200).position();
    proposes("agent.recovered", api.post("/agents/mine/recover?dry_run=true", ""));

    var types =
        api.notBefore(last)
            .get("/events")
            .at("/events")
            .valueStream()
            .map(event -> event.path("type").asString())
            .toList();
    assertThat(types)
        .containsExactly("agent.created", "agent.started", "agent.paused", "agent.error");
  }

  private static void proposes(String type, Api.Answer answer) {
    answer.is(200);
    assertThat(answer.at("/events").size()).isEqualTo(1);
    assertThat(answer.text("/events/0/type")).isEqualTo(type);
    assertThat(answer.text("/events/0/revision")).isEqualTo("1");
    assertThat(answer.text("/events/0/version")).isEqualTo(answer.text("/agent/version"));
    assertThat(answer.text("/events/0/data/agent_id")).isEqualTo("mine");
  }

  @Test
  void a_creation_that_was_only_asked_about_leaves_no_agent() {
    String body = "{\"agent_id\":\"mine\",\"spec\":{\"agent_type\":\"echo\"}}";

    var asked = api.post("/agents?dry_run=true", body).is(200);

    assertThat(asked.at("/events").valueStream().map(event -> event.path("type").asString()))
        .isEqualTo(List.of("agent.created", "agent.started"));
    assertThat(asked.text("/agent/status")).isEqualTo("ready");
    api.pause("mine").refused(404, "agent_not_found");
    api.post("/agents", body).is(201);
    api.post("/agents?dry_run=true", body).refused(409, "agent_already_exists");
  }

  @Test
  void a_generated_id_is_shown_in_the_answer() {
    assertThat(
            api.post("/agents?dry_run=true", "{\"spec\":{\"agent_type\":\"echo\"}}")
                .is(200)
                .text("/agent/agent_id"))
        .matches("echo-[0-9a-f]{8}");
  }

  @Test
  void it_is_refused_as_the_command_would_be() {
    api.create("mine");
    var asked = api.post("/agents/mine/resume?dry_run=true", "");
    var carriedOut = api.resume("mine");

    asked.refused(409, "illegal_transition");
    assertThat(asked.at("/details/allowed")).isEqualTo(carriedOut.at("/details/allowed"));
    assertThat(asked.text("/message")).isEqualTo(carriedOut.text("/message"));
    api.with("If-Match", "\"7\"")
        .post("/agents/mine/pause?dry_run=true", "{\"reason\":\"x\"}")
        .refused(412, "version_mismatch");
  }

  @Test
  void its_version_binds_the_command_to_what_it_was_decided_on() {
    api.create("mine");
    var asked = api.post("/agents/mine/pause?dry_run=true", "{\"reason\":\"x\"}").is(200);
    var bound = api.with("If-Match", asked.header("ETag"));

    bound.pause("mine").is(200);
    bound.resume("mine").refused(412, "version_mismatch");
  }

  @Test
  void an_idempotency_key_is_free_afterwards() {
    api.create("mine");
    var keyed = api.with("Idempotency-Key", "k");

    keyed.post("/agents/mine/pause?dry_run=true", "{\"reason\":\"other\"}").is(200);
    var paused = keyed.post("/agents/mine/pause?dry_run=false", "{\"reason\":\"x\"}").is(200);

    assertThat(paused.header("Idempotency-Replayed")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"dry_run=yes", "dry_run=", "dry_run=TRUE", "dry_run=1"})
  void what_is_neither_true_nor_false_is_refused_and_nothing_is_done(String query) {
    api.create("mine");
    api.post("/agents/mine/pause?" + query, "{\"reason\":\"x\"}").refused(400, "invalid_input");
    api.post("/agents/mine/pause?dry_run=true&dry_run=true", "{\"reason\":\"x\"}")
        .refused(400, "duplicate_parameter");
    api.resume("mine").refused(409, "illegal_transition");
  }

  @Test
  void it_needs_the_permission_of_the_command() {
    Api.of(Api.newTenant(), TokenCommand.Role.VIEWER)
        .post("/agents/mine/resume?dry_run=true", "")
        .refused(403, "insufficient_permissions");
  }
}
