package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.json.WireJson;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The audit trail and the operator's routes as a client meets them. */
class AuditOverRestTest {
  private final Api api = Api.ofNewTenant();

  @Test
  void an_agents_events_are_its_whole_life_in_order() {
    api.create("mine");
    api.pause("mine");
    long last = api.resume("mine").position();

    var events = read(last).get("/agents/mine/events").is(200).at("/events");

    assertThat(types(events))
        .containsExactly("agent.created", "agent.started", "agent.paused", "agent.resumed");
    JsonNode paused = events.get(2);
    assertThat(paused.path("version").asInt()).isEqualTo(2);
    assertThat(paused.at("/data/reason").asString()).isEqualTo("maintenance");
    assertThat(paused.at("/actor/subject").asString()).isEqualTo("developer");
    assertThat(paused.at("/actor/authentication").asString()).isEqualTo("jwt");
  }

  @Test
  void the_trail_is_searched_by_type_agent_correlation_actor_and_time() {
    api.create("a");
    api.create("b");
    var paused = api.with("X-Correlation-ID", "deploy-7").pause("a");
    long last = api.pause("b").position();
    var reader = read(last);
    String time = paused.text("/last_activity");

    assertThat(types(reader.get("/events?type=agent.paused").at("/events"))).hasSize(2);
    assertThat(types(reader.get("/events?type=agent.paused,agent.created").at("/events")))
        .hasSize(4);
    assertThat(types(reader.get("/events?agent=a").at("/events"))).hasSize(3);
    assertThat(types(reader.get("/events?correlation_id=deploy-7").at("/events")))
        .containsExactly("agent.paused");
    assertThat(types(reader.get("/events?actor=developer").at("/events"))).hasSize(6);
    assertThat(types(reader.get("/events?actor=nobody").at("/events"))).isEmpty();
    assertThat(types(reader.get("/events?from=" + time + "&agent=a").at("/events")))
        .containsExactly("agent.paused");
    assertThat(types(reader.get("/events?before=" + time + "&agent=a").at("/events")))
        .containsExactly("agent.created", "agent.started");
  }

  @Test
  void pages_follow_each_other_by_position() {
    for (int i = 0; i < 3; i++) {
      api.create("agent-" + i);
    }
    long last = api.pause("agent-0").position();

    var seen = new ArrayList<Long>();
    String after = "0";
    while (!after.isEmpty()) {
      var page = read(last).get("/events?limit=2&after=" + after).is(200);
      page.at("/events").forEach(event -> seen.add(event.path("position").asLong()));
      after = page.text("/next");
    }

    assertThat(seen).hasSize(7).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void a_download_holds_every_event_however_many_pages_that_takes() {
    api.create("mine");
    long last = 0;
    for (int i = 0; i < 550; i++) {
      api.pause("mine").is(200);
      last = api.resume("mine").is(200).position();
    }

    var download =
        read(last).with("Accept", "application/x-ndjson").get("/agents/mine/events").is(200);

    assertThat(download.header("Content-Type")).startsWith("application/x-ndjson");
    assertThat(download.header("Content-Disposition")).contains("mine-events.ndjson");
    var versions =
        download
            .http()
            .body()
            .lines()
            .map(line -> WireJson.mapper().readTree(line).path("version").asInt())
            .toList();
    assertThat(versions).hasSize(1102);
    for (int i = 0; i < versions.size(); i++) {
      assertThat(versions.get(i)).isEqualTo(i);
    }
    assertThat(
            read(last)
                .with("Accept", "application/x-ndjson")
                .get("/events?limit=7&type=agent.paused")
                .http()
                .body()
                .lines())
        .hasSize(7);
  }

  @Test
  void an_administrator_reads_another_tenants_trail_and_nobody_else_does() {
    var tenant = Api.newTenant();
    long last = Api.of(tenant, TokenCommand.Role.ADMIN).create("theirs").position();

    var events = read(last).get("/events?tenant=" + tenant).is(200).at("/events");
    assertThat(types(events)).containsExactly("agent.created", "agent.started");

    Api.of(Api.newTenant(), TokenCommand.Role.VIEWER)
        .get("/events?tenant=" + tenant)
        .refused(403, "insufficient_permissions");
  }

  @Test
  void projections_say_where_they_are() {
    long last = api.create("mine").position();
    read(last).get("/agents").is(200);

    var projections = api.get("/admin/projections").is(200).at("/projections");

    assertThat(projections.valueStream().map(p -> p.path("name").asString()))
        .contains("agent", "audit");
    projections.forEach(
        projection -> {
          assertThat(projection.path("status").asString()).isEqualTo("live");
          assertThat(projection.path("dead_letters").asInt()).isZero();
          assertThat(projection.path("lag").isIntegralNumber()).isTrue();
        });
  }

  @Test
  void a_projection_is_rebuilt_while_it_serves() throws InterruptedException {
    long last = api.create("mine").position();
    int before = projection("agent").path("generation").asInt();

    api.post("/admin/projections/agent/replay", "").is(202);

    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (projection("agent").path("generation").asInt() == before) {
      read(last).get("/agents/mine").is(200);
      assertThat(System.nanoTime()).as("switched in time").isLessThan(limit);
      TimeUnit.MILLISECONDS.sleep(20);
    }
    read(last).get("/agents/mine").is(200);
  }

  @Test
  void what_an_operator_names_must_be_there() {
    api.post("/admin/projections/nothing/replay", "").refused(404, "projection_not_found");
    api.post("/admin/projections/nothing/replay/pause", "").refused(404, "projection_not_found");
    api.post("/admin/projections/audit/replay/pause", "").refused(404, "replay_not_found");
    api.post("/admin/projections/audit/replay/resume", "").refused(404, "replay_not_found");
    api.post("/admin/projections/audit/replay", "{\"events_per_second\":0}")
        .refused(400, "invalid_input");
    api.post("/admin/projections/audit/replay", "{\"events_per_second\":2000000000}")
        .refused(400, "invalid_input");
    api.post("/admin/projections/audit/replay", "{\"speed\":1}").refused(400, "unknown_field");
    api.post("/admin/projections/A%20B/replay", "").refused(400, "invalid_input");
    api.post("/admin/dead-letters/999999/retry", "").refused(404, "dead_letter_not_found");
    api.post("/admin/dead-letters/first/retry", "").refused(400, "invalid_input");
    assertThat(api.get("/admin/dead-letters").is(200).at("/dead_letters").isEmpty()).isTrue();
  }

  private Api read(long position) {
    return api.notBefore(position);
  }

  private JsonNode projection(String name) {
    return api.get("/admin/projections")
        .is(200)
        .at("/projections")
        .valueStream()
        .filter(projection -> projection.path("name").asString().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static List<String> types(JsonNode events) {
    return events.valueStream().map(event -> event.path("type").asString()).toList();
  }
}
