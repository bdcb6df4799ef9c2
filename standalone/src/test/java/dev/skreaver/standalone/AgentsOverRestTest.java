package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Agents as a client meets them: from HTTP through aggregate, event store and read model. */
class AgentsOverRestTest {
  private final Api api = Api.ofNewTenant();

  @Test
  void a_command_that_was_carried_out_is_answered_so_whatever_charset_is_asked_for() {
    api.create("mine");

    api.with("Accept", "application/json;charset=ISO-8859-1").pause("mine").is(200);
  }

  @Test
  void a_created_agent_is_answered_with_where_it_is_and_what_it_is() {
    var created =
        api.post(
                "/agents",
                """
                {"spec":{"agent_type":"advanced","name":"Big Thinker","labels":{"team":"search"},
                 "config":{"mode":"analytical"}}}
                """)
            .is(201);

    String id = created.text("/agent_id");
    assertThat(id).matches("advanced-big-thinker-[0-9a-f]{8}");
    assertThat(created.header("Location")).isEqualTo("/agents/" + id);
    assertThat(created.header("ETag")).isEqualTo("\"" + created.text("/version") + "\"");
    assertThat(created.position()).isPositive();
    assertThat(created.text("/status")).isEqualTo("ready");
    assertThat(created.text("/state")).isEqualTo("ready");
    assertThat(created.text("/limits/max_memory_mb")).isEqualTo("512");
    assertThat(created.text("/owner")).isEqualTo("developer");
  }

  @Test
  void what_was_written_can_be_read_at_once_by_its_position() {
    var created = api.create("mine");

    var read = api.notBefore(created.position()).get("/agents/mine").is(200);

    assertThat(read.json()).isEqualTo(created.json());
    assertThat(read.header("ETag")).isEqualTo(created.header("ETag"));
    assertThat(read.position()).isGreaterThanOrEqualTo(created.position());
  }

  @Test
  void a_position_that_is_not_reached_is_a_timeout_that_says_so() {
    api.create("mine");

    api.with("Skreaver-Position", 900_000_000_000L)
        .get("/agents")
        .refused(504, "position_not_reached");
  }

  @Test
  void an_unchanged_agent_need_not_be_sent_again() {
    var created = api.create("mine");
    var reader = api.notBefore(created.position());

    var same = reader.with("If-None-Match", created.header("ETag")).get("/agents/mine").is(304);
    assertThat(same.http().body()).isEmpty();

    var paused = api.pause("mine");
    api.notBefore(paused.position())
        .with("If-None-Match", created.header("ETag"))
        .get("/agents/mine")
        .is(200);
  }

  @Test
  void an_id_is_given_once_even_after_the_agent_is_deleted() {
    api.create("mine");
    String again = "{\"agent_id\":\"mine\",\"spec\":{\"agent_type\":\"echo\"}}";
    api.post("/agents", again).refused(409, "agent_already_exists");

    api.delete("/agents/mine").is(204);

    api.post("/agents", again).refused(409, "agent_already_exists");
  }

  @Test
  void an_agent_is_paused_resumed_stopped() {
    api.create("mine");

    var paused = api.pause("mine").is(200);
    assertThat(paused.text("/status")).isEqualTo("paused");
    assertThat(paused.text("/state/paused/reason")).isEqualTo("maintenance");

    assertThat(api.resume("mine").is(200).text("/status")).isEqualTo("ready");

    var stopped = api.post("/agents/mine/stop", "{\"reason\":\"done\"}").is(200);
    assertThat(stopped.text("/state/stopped/reason")).isEqualTo("done");
  }

  @Test
  void what_the_status_does_not_allow_is_a_conflict_that_names_what_it_does() {
    api.create("mine");
    api.pause("mine");

    var refused = api.pause("mine").refused(409, "illegal_transition");

    assertThat(refused.text("/details/current_state")).isEqualTo("paused");
    assertThat(refused.text("/details/requested_state")).isEqualTo("paused");
    assertThat(refused.at("/details/allowed").valueStream().map(s -> s.asString()))
        .contains("ready", "stopped");
  }

  @Test
  void an_agent_recovers_from_a_recoverable_error_and_from_no_other() {
    api.create("mine");

    var failed =
        api.post("/agents/mine/error", "{\"error\":\"no answer\",\"recoverable\":true}").is(200);
    assertThat(failed.text("/state/recoverable_error/error")).isEqualTo("no answer");
    assertThat(api.post("/agents/mine/recover", "{}").is(200).text("/status")).isEqualTo("ready");

    api.post("/agents/mine/error", "{\"error\":\"broken\",\"recoverable\":false}").is(200);
    api.post("/agents/mine/recover", "").refused(409, "illegal_transition");
  }

  @Test
  void a_patch_merges_and_a_null_removes() {
    api.post(
            "/agents",
            """
            {"agent_id":"mine","spec":{"agent_type":"advanced","name":"One",
             "labels":{"team":"search","tier":"gold"},"config":{"mode":"simple","use_tools":true}}}
            """)
        .is(201);

    var changed =
        api.with("Content-Type", "application/merge-patch+json")
            .patch(
                "/agents/mine", "{\"labels\":{\"tier\":null},\"config\":{\"mode\":\"creative\"}}")
            .is(200);

    assertThat(changed.text("/name")).isEqualTo("One");
    assertThat(changed.at("/labels").toString()).isEqualTo("{\"team\":\"search\"}");
    assertThat(changed.text("/config/mode")).isEqualTo("creative");
    assertThat(changed.at("/config/use_tools").asBoolean()).isTrue();
    assertThat(api.patch("/agents/mine", "{\"name\":null}").is(200).json().has("name")).isFalse();
  }

  @Test
  void a_write_on_another_version_is_refused() {
    var created = api.create("mine");
    var changed = api.with("If-Match", created.header("ETag")).pause("mine").is(200);

    api.with("If-Match", created.header("ETag"))
        .patch("/agents/mine", "{\"name\":\"Late\"}")
        .refused(412, "version_mismatch");

    api.with("If-Match", changed.header("ETag"))
        .patch("/agents/mine", "{\"name\":\"In time\"}")
        .is(200);
    api.with("If-Match", "*").resume("mine").is(200);
  }

  @Test
  void a_repeat_with_the_same_key_gets_the_first_answer_and_changes_nothing() {
    var caller = api.with("Idempotency-Key", "k1");
    var first =
        caller.post("/agents", "{\"spec\":{\"agent_type\":\"echo\",\"name\":\"a\"}}").is(201);

    var repeat =
        caller.post("/agents", " {\"spec\": {\"name\":\"a\", \"agent_type\":\"echo\"} }").is(201);

    assertThat(repeat.json()).isEqualTo(first.json());
    assertThat(repeat.header("Idempotency-Replayed")).isEqualTo("true");
    assertThat(first.header("Idempotency-Replayed")).isEmpty();
    for (String header : List.of("Location", "ETag", "Skreaver-Position")) {
      assertThat(repeat.header(header)).as(header).isEqualTo(first.header(header));
    }
    var all = api.notBefore(first.position()).get("/agents").is(200);
    assertThat(all.text("/total")).isEqualTo("1");
  }

  @Test
  void a_key_is_for_one_request() {
    api.create("mine");
    var caller = api.with("Idempotency-Key", "k1");
    caller.pause("mine").is(200);

    caller
        .post("/agents/mine/pause", "{\"reason\":\"another\"}")
        .refused(422, "idempotency_key_reused");
    caller.resume("mine").refused(422, "idempotency_key_reused");
    caller.with("If-Match", "\"1\"").pause("mine").refused(422, "idempotency_key_reused");
  }

  @Test
  void a_refusal_is_an_answer_too() {
    api.create("mine");
    var caller = api.with("Idempotency-Key", "k1");
    caller.resume("mine").refused(409, "illegal_transition");
    api.pause("mine").is(200);

    caller.resume("mine").refused(409, "illegal_transition");
    api.with("Idempotency-Key", "k2").resume("mine").is(200);
  }

  @Test
  void a_deleted_agent_is_gone_but_its_past_is_not() {
    var created = api.create("mine");
    var deleted = api.delete("/agents/mine").is(204);
    assertThat(deleted.position()).isGreaterThan(created.position());
    var reader = api.notBefore(deleted.position());

    reader.get("/agents/mine").refused(404, "agent_not_found");
    reader.get("/agents/mine/status").refused(404, "agent_not_found");
    api.pause("mine").refused(404, "agent_not_found");
    assertThat(reader.get("/agents/mine/events").is(200).at("/events").size()).isEqualTo(3);
    var past = api.get("/agents/mine?at=" + created.position()).is(200);
    assertThat(past.text("/status")).isEqualTo("ready");
  }

  @Test
  void an_agent_is_shown_as_it_was_at_a_position_or_a_time() {
    var created = api.create("mine");
    var paused = api.pause("mine");
    api.resume("mine");

    var then = api.get("/agents/mine?at=" + paused.position()).is(200);
    assertThat(then.text("/status")).isEqualTo("paused");
    assertThat(then.header("ETag")).isEqualTo(paused.header("ETag"));
    assertThat(api.get("/agents/mine?at=" + paused.text("/last_activity")).is(200).text("/status"))
        .isEqualTo("paused");
    api.get("/agents/mine?at=" + (created.position() - 2)).refused(404, "agent_not_found");
    api.get("/agents/mine?at=2001-01-01T00:00:00Z").refused(404, "agent_not_found");
  }

  @Test
  void the_status_is_the_short_form() {
    var created = api.create("mine");

    var status = api.notBefore(created.position()).get("/agents/mine/status").is(200);

    assertThat(status.json().propertyNames())
        .containsExactlyInAnyOrder(
            "agent_id", "agent_type", "status", "state", "created_at", "last_activity");
    assertThat(status.header("ETag")).isEqualTo(created.header("ETag"));
  }

  @Test
  void a_list_is_filtered() {
    api.post(
            "/agents",
            "{\"agent_id\":\"a\",\"spec\":{\"agent_type\":\"echo\",\"name\":\"Green\",\"labels\":{\"team\":\"x\",\"tier\":\"1,"
                + " 2\"}}}")
        .is(201);
    api.post(
            "/agents",
            "{\"agent_id\":\"b\",\"spec\":{\"agent_type\":\"analytics\",\"name\":\"Grey\",\"labels\":{\"team\":\"x\"}}}")
        .is(201);
    api.create("c");
    var broken = api.post("/agents/c/error", "{\"error\":\"x\",\"recoverable\":false}").is(200);
    var reader = api.notBefore(broken.position());
    String created = reader.get("/agents/b").text("/created_at");

    assertThat(ids(reader, "")).containsExactly("a", "b", "c");
    assertThat(ids(reader, "type=analytics")).containsExactly("b");
    assertThat(ids(reader, "name_prefix=Gr")).containsExactly("a", "b");
    assertThat(ids(reader, "label=team:x&label=tier:1,%202")).containsExactly("a");
    assertThat(ids(reader, "status=error")).containsExactly("c");
    assertThat(ids(reader, "status=ready,fatal_error")).containsExactly("a", "b", "c");
    assertThat(ids(reader, "status=paused")).isEmpty();
    assertThat(ids(reader, "created_from=" + created)).containsExactly("b", "c");
    assertThat(ids(reader, "created_before=" + created)).containsExactly("a");
    assertThat(ids(reader, "sort=agent_id&order=desc")).containsExactly("c", "b", "a");
  }

  @Test
  void pages_follow_each_other_and_show_every_agent_once() {
    long position = 0;
    var created = new ArrayList<String>();
    for (int i = 0; i < 7; i++) {
      created.add("agent-" + i);
      position = api.create("agent-" + i).position();
    }
    var reader = api.notBefore(position);

    var seen = new ArrayList<String>();
    String cursor = "";
    do {
      var page = reader.get("/agents?limit=3&sort=agent_id" + cursor).is(200);
      assertThat(page.text("/total")).isEqualTo("7");
      page.at("/agents").forEach(agent -> seen.add(agent.path("agent_id").asString()));
      String next = page.text("/next_cursor");
      cursor = next.isEmpty() ? "" : "&cursor=" + next;
    } while (!cursor.isEmpty());

    assertThat(seen).isEqualTo(created);
  }

  @Test
  void a_cursor_holds_for_the_list_that_gave_it() {
    api.create("a");
    long position = api.create("b").position();
    var reader = api.notBefore(position);
    String cursor = reader.get("/agents?limit=1&sort=agent_id").is(200).text("/next_cursor");

    api.get("/agents?limit=1&sort=name&cursor=" + cursor).refused(400, "invalid_cursor");
    api.get("/agents?cursor=forged").refused(400, "invalid_cursor");
  }

  @Test
  void another_tenants_agent_is_not_there() {
    long position = api.create("mine").position();
    var other = Api.ofNewTenant().notBefore(position);

    other.get("/agents/mine").refused(404, "agent_not_found");
    other.pause("mine").refused(404, "agent_not_found");
    other.delete("/agents/mine").refused(404, "agent_not_found");
    assertThat(other.get("/agents").is(200).text("/total")).isEqualTo("0");
    assertThat(other.get("/agents/mine/events").is(200).at("/events").isEmpty()).isTrue();
    other.get("/agents/mine?at=" + position).refused(404, "agent_not_found");
  }

  @Test
  void a_viewer_may_look_and_nothing_else() {
    var tenant = Api.newTenant();
    var viewer = Api.of(tenant, TokenCommand.Role.VIEWER);
    viewer.get("/agents").is(200);
    viewer
        .post("/agents", "{\"spec\":{\"agent_type\":\"echo\"}}")
        .refused(403, "insufficient_permissions");
    viewer.get("/admin/projections").refused(403, "insufficient_permissions");
  }

  static Stream<Arguments> rules() {
    return Stream.of(
        Arguments.of(
            "{\"agent_type\":{\"custom\":\"baker\"}}", "unknown_agent_type", "spec.agent_type"),
        Arguments.of(
            "{\"agent_type\":\"advanced\",\"config\":{\"mode\":\"fast\"}}",
            "invalid_configuration",
            "spec.config.mode"),
        Arguments.of(
            "{\"agent_type\":\"advanced\",\"config\":{\"mode\":1}}",
            "invalid_configuration",
            "spec.config.mode"),
        Arguments.of(
            "{\"agent_type\":\"analytics\",\"config\":{\"depth\":\"deep\"}}",
            "invalid_configuration",
            "spec.config.depth"),
        Arguments.of("{\"agent_type\":\"echo\",\"name\":\"\"}", "invalid_input", "spec.name"),
        Arguments.of(
            "{\"agent_type\":\"echo\",\"name\":\"a\\u001bb\"}", "invalid_input", "spec.name"),
        Arguments.of(
            "{\"agent_type\":\"echo\",\"name\":\"" + "n".repeat(65) + "\"}",
            "invalid_input",
            "spec.name"),
        Arguments.of(
            "{\"agent_type\":\"echo\",\"labels\":{\"a\":\"" + "x".repeat(257) + "\"}}",
            "invalid_input",
            "spec.labels.a"),
        Arguments.of(limits(0, 1, 1, 1), "invalid_input", "spec.limits.max_memory_mb"),
        Arguments.of(limits(8193, 1, 1, 1), "invalid_input", "spec.limits.max_memory_mb"),
        Arguments.of(limits(1, 0, 1, 1), "invalid_input", "spec.limits.max_observation_size_kb"),
        Arguments.of(
            limits(1, 10241, 1, 1), "invalid_input", "spec.limits.max_observation_size_kb"),
        Arguments.of(limits(1, 1, 0, 1), "invalid_input", "spec.limits.max_concurrent_tools"),
        Arguments.of(limits(1, 1, 101, 1), "invalid_input", "spec.limits.max_concurrent_tools"),
        Arguments.of(limits(1, 1, 1, 0), "invalid_input", "spec.limits.execution_timeout_secs"),
        Arguments.of(limits(1, 1, 1, 3601), "invalid_input", "spec.limits.execution_timeout_secs"));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void a_bad_spec_is_refused_by_field_and_nothing_is_created(
      String spec, String code, String field) {
    var refused =
        api.post("/agents", "{\"agent_id\":\"mine\",\"spec\":%s}".formatted(spec))
            .refused(400, code);

    assertThat(refused.text("/details/field")).isEqualTo(field);
    api.create("mine");
  }

  @Test
  void the_bounds_themselves_are_allowed() {
    api.post("/agents", "{\"spec\":" + limits(8192, 10240, 100, 3600) + "}").is(201);
    api.post("/agents", "{\"spec\":" + limits(1, 1, 1, 1) + "}").is(201);
    api.post("/agents", "{\"spec\":{\"agent_type\":\"echo\",\"name\":\"" + "n".repeat(64) + "\"}}")
        .is(201);
  }

  static Stream<Arguments> badCommands() {
    return Stream.of(
        Arguments.of("POST", "/pause", "{\"reason\":\" \"}", "invalid_input", "reason"),
        Arguments.of(
            "POST",
            "/stop",
            "{\"reason\":\"" + "x".repeat(1001) + "\"}",
            "invalid_input",
            "reason"),
        Arguments.of(
            "POST",
            "/error",
            "{\"error\":\"" + "x".repeat(8001) + "\",\"recoverable\":true}",
            "invalid_input",
            "error"),
        Arguments.of("PATCH", "", "{\"status\":\"ready\"}", "unknown_field", "status"),
        Arguments.of("PATCH", "", "{\"name\":7}", "invalid_input", "name"),
        Arguments.of("PATCH", "", "{\"labels\":\"x\"}", "invalid_input", "labels"),
        Arguments.of("PATCH", "", "{\"labels\":{\"a\":1}}", "invalid_input", "labels.a"),
        Arguments.of("PATCH", "", "{\"config\":[]}", "invalid_input", "config"));
  }

  @ParameterizedTest
  @MethodSource("badCommands")
  void a_bad_command_is_refused_by_field_and_changes_nothing(
      String verb, String route, String body, String code, String field) {
    var created = api.create("mine");
    String path = "/agents/mine" + route;

    var refused =
        (verb.equals("PATCH") ? api.patch(path, body) : api.post(path, body)).refused(400, code);

    assertThat(refused.text("/details/field")).isEqualTo(field);
    assertThat(api.with("If-Match", created.header("ETag")).pause("mine").status()).isEqualTo(200);
  }

  private static List<String> ids(Api reader, String query) {
    var page = reader.get("/agents?" + query).is(200);
    return page.at("/agents")
        .valueStream()
        .map(agent -> agent.path("agent_id").asString())
        .toList();
  }

  private static String limits(int memory, int observation, int tools, int timeout) {
    return """
    {"agent_type":"echo","limits":{"max_memory_mb":%d,"max_observation_size_kb":%d,\
    "max_concurrent_tools":%d,"execution_timeout_secs":%d}}\
    """
        .formatted(memory, observation, tools, timeout);
  }
}
