package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Why something happened, and what came of it, as a client asks. */
class CausationOverRestTest {
  private final Api api = Api.ofNewTenant();

  @Test
  void an_event_is_traced_to_its_root_and_back_across_agents() {
    api.create("planner");
    api.create("worker");
    api.create("critic");
    var failed =
        api.with("X-Causation-ID", "ticket-42")
            .post("/agents/worker/error", "{\"error\":\"x\",\"recoverable\":true}")
            .is(200);
    String error = event(failed);
    var paused =
        api.with("X-Causation-ID", error.toUpperCase(Locale.ROOT)).pause("planner").is(200);
    var resumed =
        api.with("X-Causation-ID", paused.header("Skreaver-Command-Id")).pause("critic").is(200);

    var causes = read(resumed).get("/events/" + event(resumed) + "/causes").is(200);
    assertThat(causes.text("/event/agent_id")).isEqualTo("critic");
    assertThat(steps(causes.at("/causes")))
        .containsExactly("1 agent.paused planner", "2 agent.error worker");
    assertThat(causes.text("/causes/1/event/causation_id")).isEqualTo("ticket-42");
    assertThat(causes.at("/truncated").asBoolean()).isFalse();

    var effects = read(resumed).get("/events/" + error + "/effects").is(200);
    assertThat(steps(effects.at("/effects")))
        .containsExactly("1 agent.paused planner", "2 agent.paused critic");
    var first = read(resumed).get("/events/" + failed.position() + "/effects?depth=1").is(200);
    assertThat(steps(first.at("/effects"))).containsExactly("1 agent.paused planner");
    assertThat(first.at("/truncated").asBoolean()).isTrue();
  }

  @Test
  void an_event_of_another_tenant_is_not_found() {
    var created = api.create("mine");
    String event = event(created);
    var viewer = Api.of(Api.newTenant(), TokenCommand.Role.VIEWER).notBefore(created.position());

    viewer.get("/events/" + event + "/causes").refused(404, "event_not_found");
    viewer.get("/events/" + created.position() + "/effects").refused(404, "event_not_found");
    Api.of(Api.newTenant(), TokenCommand.Role.AGENT)
        .get("/events/" + event + "/causes")
        .refused(403, "insufficient_permissions");
  }

  @Test
  void what_cannot_be_asked_is_refused() {
    api.get("/events/first/causes").refused(400, "invalid_input");
    api.get("/events/0/causes").refused(400, "invalid_input");
    api.get("/events/1/causes?depth=0").refused(400, "invalid_input");
    api.get("/events/1/effects?limit=1001").refused(400, "invalid_input");
    api.get("/events/0197c9a2-7b1e-7c3d-8a55-3f0f4f1f2a10/effects").refused(404, "event_not_found");
    api.get("/events/900000000000/effects").refused(404, "event_not_found");
  }

  private Api read(Api.Answer written) {
    return api.notBefore(written.position());
  }

  /** The id of the last event of what was written. */
  private String event(Api.Answer written) {
    return read(written)
        .get("/events?limit=1&after=" + (written.position() - 1))
        .is(200)
        .text("/events/0/event_id");
  }

  private static List<String> steps(JsonNode steps) {
    return steps
        .valueStream()
        .map(
            step ->
                "%d %s %s"
                    .formatted(
                        step.path("depth").asInt(),
                        step.at("/event/type").asString(),
                        step.at("/event/agent_id").asString()))
        .toList();
  }
}
