package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The command ledger as a client meets it. */
class CommandsOverRestTest {
  private static final String PAUSE = "{\"reason\":\"maintenance\"}";

  private final Api api = Api.ofNewTenant();

  @Test
  void an_accepted_command_is_found_with_who_why_and_the_events_it_caused() {
    var created = api.create("mine");
    var paused =
        api.with("Idempotency-Key", "k")
            .with("X-Request-ID", "request-7")
            .with("X-Correlation-ID", "deploy-7")
            .pause("mine")
            .is(200);

    var command =
        read(paused).get("/commands/" + paused.header("Skreaver-Command-Id")).is(200).json();

    assertThat(command.path("command").asString()).isEqualTo("pause");
    assertThat(command.path("outcome").asString()).isEqualTo("accepted");
    assertThat(command.path("agent_id").asString()).isEqualTo("mine");
    assertThat(command.at("/actor/subject").asString()).isEqualTo("developer");
    assertThat(command.at("/actor/authentication").asString()).isEqualTo("jwt");
    assertThat(command.path("reason").asString()).isEqualTo("maintenance");
    assertThat(command.path("idempotency_key").asString()).isEqualTo("k");
    assertThat(command.path("request_id").asString()).isEqualTo("request-7");
    assertThat(command.path("correlation_id").asString()).isEqualTo("deploy-7");
    assertThat(command.path("time").asString()).isEqualTo(paused.text("/last_activity"));
    assertThat(command.path("events").size()).isEqualTo(1);
    assertThat(command.at("/events/0/position").asLong()).isEqualTo(paused.position());
    assertThat(command.at("/events/0/type").asString()).isEqualTo("agent.paused");
    var creation = read(paused).get("/commands/" + created.header("Skreaver-Command-Id")).is(200);
    assertThat(creation.at("/events").valueStream().map(event -> event.path("type").asString()))
        .isEqualTo(List.of("agent.created", "agent.started"));
  }

  @Test
  void an_event_names_the_command_that_caused_it() {
    var created = api.create("mine");

    var event = read(created).get("/events").is(200).at("/events/0");

    assertThat(event.path("command_id").asString())
        .isEqualTo(created.header("Skreaver-Command-Id"));
    assertThat(event.path("command").asString()).isEqualTo("create");
  }

  @Test
  void a_refused_command_is_found_by_the_id_in_its_problem() {
    api.create("mine");
    var refused = api.resume("mine").refused(409, "illegal_transition");

    var command = api.get("/commands/" + refused.text("/details/command_id")).is(200).json();

    assertThat(command.path("outcome").asString()).isEqualTo("refused");
    assertThat(command.path("error").asString()).isEqualTo("illegal_transition");
    assertThat(command.path("request_id").asString()).isEqualTo(refused.text("/request_id"));
    assertThat(command.path("events").isEmpty()).isTrue();
  }

  @Test
  void a_repeat_names_the_command_that_it_repeats() {
    api.create("mine");
    var keyed = api.with("Idempotency-Key", "k");
    var first = keyed.pause("mine").is(200);
    var again = keyed.pause("mine").is(200);

    var command = api.get("/commands/" + again.header("Skreaver-Command-Id")).is(200).json();

    assertThat(command.path("outcome").asString()).isEqualTo("repeated");
    assertThat(command.path("repeats").asString()).isEqualTo(first.header("Skreaver-Command-Id"));
  }

  @Test
  void the_ledger_shows_all_commands_in_the_order_in_which_they_were_settled() {
    long last = aDay();

    assertThat(shown(read(last).get("/commands").is(200)))
        .containsExactly(
            "create accepted a",
            "resume refused a",
            "create accepted b",
            "update unchanged b",
            "pause accepted a",
            "pause refused a",
            "pause accepted b",
            "resume accepted a");
  }

  @Test
  void filters_select_and_all_of_them_must_hold() {
    long last = aDay();
    Api reader = read(last);

    assertThat(shown(reader.get("/commands?agent_id=b")))
        .containsExactly("create accepted b", "update unchanged b", "pause accepted b");
    assertThat(shown(reader.get("/commands?outcome=refused")))
        .containsExactly("resume refused a", "pause refused a");
    assertThat(shown(reader.get("/commands?outcome=refused,unchanged&agent_id=b")))
        .containsExactly("update unchanged b");
    assertThat(shown(reader.get("/commands?outcome=accepted&agent_id=a")))
        .containsExactly("create accepted a", "pause accepted a", "resume accepted a");
    assertThat(shown(reader.get("/commands?actor=developer"))).hasSize(8);
    assertThat(shown(reader.get("/commands?actor=nobody"))).isEmpty();
    assertThat(shown(reader.get("/commands?from=2100-01-01T00:00:00Z"))).isEmpty();
    assertThat(shown(reader.get("/commands?before=2100-01-01T00:00:00Z"))).hasSize(8);
  }

  @Test
  void pages_follow_each_other_whatever_their_size() {
    long last = aDay();
    List<String> whole = shown(read(last).get("/commands"));

    for (int limit : new int[] {1, 2, 3, 7}) {
      var seen = new ArrayList<String>();
      String after = "";
      do {
        var page =
            read(last)
                .get("/commands?limit=" + limit + (after.isEmpty() ? "" : "&after=" + after))
                .is(200);
        seen.addAll(shown(page));
        after = page.text("/next");
      } while (!after.isEmpty());
      assertThat(seen).as("limit " + limit).isEqualTo(whole);
    }
  }

  @Test
  void a_page_that_was_followed_goes_on_with_what_came_later() {
    long last = aDay();
    String next = read(last).get("/commands?limit=7").is(200).text("/next");
    api.resume("a").refused(409, "illegal_transition");

    assertThat(shown(read(last).get("/commands?after=" + next)))
        .containsExactly("resume accepted a", "resume refused a");
  }

  @Test
  void commands_are_those_of_the_own_tenant() {
    var created = api.create("mine");
    var refused = api.resume("mine");
    Api stranger = Api.of(Api.newTenant(), TokenCommand.Role.VIEWER);
    Api reader = stranger.notBefore(created.position());

    assertThat(shown(reader.get("/commands").is(200))).isEmpty();
    for (String id :
        new String[] {created.header("Skreaver-Command-Id"), refused.text("/details/command_id")}) {
      reader.get("/commands/" + id).refused(404, "command_not_found");
    }
    Api.of(Api.newTenant(), TokenCommand.Role.AGENT)
        .get("/commands")
        .refused(403, "insufficient_permissions");
  }

  @Test
  void an_administrator_reads_another_tenants_ledger_and_nobody_else_does() {
    var tenant = Api.newTenant();
    var theirs = Api.of(tenant, TokenCommand.Role.ADMIN).create("theirs");
    String command = "/commands/" + theirs.header("Skreaver-Command-Id");
    Api administrator = read(theirs.position());

    assertThat(shown(administrator.get("/commands?tenant=" + tenant).is(200)))
        .containsExactly("create accepted theirs");
    administrator.get(command + "?tenant=" + tenant).is(200);
    administrator.get(command).refused(404, "command_not_found");
    for (String path : List.of("/commands", command)) {
      Api.of(Api.newTenant(), TokenCommand.Role.VIEWER)
          .get(path + "?tenant=" + tenant)
          .refused(403, "insufficient_permissions");
    }
  }

  @Test
  void what_cannot_be_asked_is_refused() {
    api.get("/commands?after=yesterday").refused(400, "invalid_cursor");
    api.get("/commands?outcome=lost").refused(400, "invalid_input");
    api.get("/commands?limit=1001").refused(400, "invalid_input");
    api.get("/commands?colour=red").refused(400, "unknown_field");
    api.get("/commands?from=2026-02-01T00:00:00Z&before=2026-01-01T00:00:00Z")
        .refused(400, "invalid_input");
    api.get("/commands/first").refused(400, "invalid_input");
    api.get("/commands/0197c9a2-7b1d-7f00-9a55-3f0f4f1f2a10").refused(404, "command_not_found");
  }

  /** What is refused before it is a command is none. */
  @Test
  void a_request_that_is_no_command_is_not_in_the_ledger() {
    var created = api.create("mine");
    api.post("/agents/mine/pause", "{\"reason\":").refused(400, "invalid_json");
    api.post("/agents/mine/pause?dry_run=true", PAUSE).is(200);
    api.post("/agents/mine/resume?dry_run=true", "").refused(409, "illegal_transition");

    assertThat(shown(read(created).get("/commands"))).containsExactly("create accepted mine");
  }

  @Test
  void every_command_of_many_at_once_is_there_once() {
    var answers =
        IntStream.range(0, 40)
            .parallel()
            .mapToObj(i -> i % 2 == 0 ? api.create("agent-" + i) : api.resume("nobody"))
            .toList();
    long last =
        answers.stream()
            .filter(answer -> answer.status() == 201)
            .mapToLong(Api.Answer::position)
            .max()
            .orElseThrow();

    var ids =
        read(last)
            .get("/commands?limit=1000")
            .is(200)
            .at("/commands")
            .valueStream()
            .map(command -> command.path("command_id").asString())
            .toList();

    assertThat(ids)
        .containsExactlyInAnyOrderElementsOf(
            answers.stream()
                .map(
                    answer ->
                        answer.status() == 201
                            ? answer.header("Skreaver-Command-Id")
                            : answer.text("/details/command_id"))
                .toList());
  }

  /**
   * @return the last position
   */
  private long aDay() {
    api.create("a");
    api.resume("a").refused(409, "illegal_transition");
    api.create("b");
    api.patch("/agents/b", "{\"labels\":{}}").is(200);
    api.pause("a").is(200);
    api.pause("a").refused(409, "illegal_transition");
    api.pause("b").is(200);
    return api.resume("a").is(200).position();
  }

  private Api read(Api.Answer written) {
    return read(written.position());
  }

  private Api read(long position) {
    return api.notBefore(position);
  }

  private static List<String> shown(Api.Answer page) {
    Stream<JsonNode> commands = page.at("/commands").valueStream();
    return commands
        .map(
            command ->
                "%s %s %s"
                    .formatted(
                        command.path("command").asString(),
                        command.path("outcome").asString(),
                        command.path("agent_id").asString()))
        .toList();
  }
}
