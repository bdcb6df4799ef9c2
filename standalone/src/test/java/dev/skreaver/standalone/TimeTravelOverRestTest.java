package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The past as a client meets it, from HTTP through to the event store. */
class TimeTravelOverRestTest {
  private final Api api = Api.ofNewTenant();

  @Test
  void the_fleet_is_shown_as_it_was() {
    api.create("gone");
    api.create("paused");
    long then = api.pause("paused").position();
    api.resume("paused").is(200);
    api.delete("/agents/gone").is(204);
    long now = api.create("later").position();

    var past = api.get("/agents?at=" + then).is(200);
    assertThat(ids(past)).containsExactly("gone", "paused");
    assertThat(past.text("/agents/1/status")).isEqualTo("paused");
    assertThat(past.at("/total").isMissingNode()).isTrue();
    assertThat(past.position()).isEqualTo(then);
    assertThat(past.at("/agents/1")).isEqualTo(api.get("/agents/paused?at=" + then).json());

    assertThat(ids(api.get("/agents?at=" + now).is(200))).containsExactly("paused", "later");
    assertThat(ids(api.get("/agents?status=paused&at=" + then).is(200))).containsExactly("paused");
    assertThat(ids(api.get("/agents?at=2100-01-01T00:00:00Z").is(200)))
        .containsExactly("paused", "later");
    assertThat(ids(api.get("/agents?at=1971-01-01T00:00:00Z").is(200))).isEmpty();
    assertThat(ids(Api.ofNewTenant().get("/agents?at=" + now).is(200))).isEmpty();
  }

  @Test
  void the_past_has_pages_too() {
    for (String id : List.of("b", "c", "a")) {
      api.create(id);
    }
    long then = api.pause("a").position();
    api.delete("/agents/b").is(204);
    String list = "/agents?limit=2&sort=agent_id&order=desc&at=" + then;

    var first = api.get(list).is(200);
    var second = api.get(list + "&cursor=" + first.text("/next_cursor")).is(200);

    assertThat(ids(first)).containsExactly("c", "b");
    assertThat(ids(second)).containsExactly("a");
    assertThat(second.at("/next_cursor").isMissingNode()).isTrue();
    api.get("/agents?cursor=" + first.text("/next_cursor")).refused(400, "invalid_cursor");
  }

  @Test
  void two_moments_are_compared() {
    api.create("mine");
    long before = api.pause("mine").position();
    var after = api.patch("/agents/mine", "{\"labels\":{\"team\":\"search\"}}").is(200);

    var diff =
        api.get("/agents/mine/diff?from=%d&to=%d".formatted(before, after.position())).is(200);

    assertThat(diff.at("/before")).isEqualTo(api.get("/agents/mine?at=" + before).json());
    assertThat(diff.at("/after")).isEqualTo(after.json());
    assertThat(diff.at("/changes").valueStream().map(change -> change.path("path").asString()))
        .contains("/labels/team", "/version")
        .doesNotContain("/status");
    assertThat(diff.text("/events/0/type")).isEqualTo("agent.updated");
    assertThat(diff.text("/events/0/actor/subject")).isEqualTo("developer");
    assertThat(diff.at("/events").size()).isEqualTo(1);
    assertThat(diff.position()).isEqualTo(after.position());
  }

  @Test
  void a_replay_shows_a_life_again() {
    api.create("mine");
    api.pause("mine");
    api.delete("/agents/mine").is(204);

    String replay =
        api.with("Accept", "text/event-stream")
            .get("/agents/mine/replay/stream?speed=max")
            .is(200)
            .http()
            .body();

    assertThat(replay.lines().filter(line -> line.startsWith("event:")))
        .containsExactly(
            "event:agent.created",
            "event:agent.started",
            "event:agent.paused",
            "event:agent.deleted",
            "event:end");
    assertThat(replay).contains("\"status\":\"paused\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/agents?at=999999999999",
        "/agents?at=soon",
        "/agents?at=-1",
        "/agents?at=1&sort=name",
        "/agents?at=1&sort=last_activity",
        "/agents/mine/diff?from=999999999999",
        "/agents/mine/diff?from=2&to=1",
        "/agents/mine/diff?from=1&to=2026-01-01T00:00:00Z",
        "/agents/mine/replay/stream?speed=fast"
      })
  void what_makes_no_question_is_the_callers_fault(String path) {
    api.get(path).refused(400, "invalid_input");
  }

  @Test
  void an_agent_that_never_was_has_no_past() {
    api.get("/agents/nobody/diff").refused(404, "agent_not_found");
    api.get("/agents/nobody/replay/stream").refused(404, "agent_not_found");
  }

  private static List<String> ids(Api.Answer page) {
    return page.at("/agents").valueStream().map(agent -> id(agent)).toList();
  }

  private static String id(JsonNode agent) {
    return agent.path("agent_id").asString();
  }
}
