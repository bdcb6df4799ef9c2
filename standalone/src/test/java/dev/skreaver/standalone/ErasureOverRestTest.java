package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.standalone.TokenCommand.Role;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The erasure of a subject as a client meets it, and what is left of the subject anywhere. */
class ErasureOverRestTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final int SNAPSHOT_EVERY = 100;

  private final TenantId tenant = Api.newTenant();
  private final String name = "ada-" + UUID.randomUUID();
  private final String reason = "private reason " + UUID.randomUUID();
  private final String failure = "private failure " + UUID.randomUUID();
  private final Api ada = Api.of(tenant, Role.ADMIN, name);
  private final Api operator = Api.of(tenant, Role.ADMIN, "operator");

  /** What Ada did to an agent. */
  private record Deeds(long paused, long last, String pauseCommand, String refusedCommand) {}

  private Deeds useEverything() {
    ada.create("mine");
    String pause = "{\"reason\":\"%s\"}".formatted(reason);
    var keyed = ada.with("Idempotency-Key", "once");
    var paused = keyed.post("/agents/mine/pause", pause).is(200);
    keyed.post("/agents/mine/pause", pause).is(200);
    var refused = ada.post("/agents/mine/pause", pause).refused(409, "illegal_transition");
    ada.post("/agents/nobody/stop", pause).refused(404, "agent_not_found");
    for (int i = 0; i <= SNAPSHOT_EVERY / 2; i++) {
      ada.resume("mine").is(200);
      ada.post("/agents/mine/pause", pause).is(200);
    }
    ada.resume("mine").is(200);
    ada.post("/agents/mine/stop?dry_run=true", pause).is(200);
    var last =
        ada.post("/agents/mine/error", "{\"error\":\"%s\",\"recoverable\":true}".formatted(failure))
            .is(200);
    return new Deeds(
        paused.position(),
        last.position(),
        paused.header("Skreaver-Command-Id"),
        refused.text("/details/command_id"));
  }

  /** Every view that shows who acted, or what it wrote. */
  private static List<String> views(Deeds deeds) {
    return List.of(
        "/agents",
        "/agents/mine",
        "/agents?at=" + deeds.last(),
        "/agents/mine?at=" + deeds.paused(),
        "/agents/mine/diff?from=" + deeds.paused(),
        "/agents/mine/events?limit=1000",
        "/agents/mine/replay/stream?speed=max",
        "/events?limit=1000",
        "/events?type=agent.error",
        "/events/" + deeds.paused() + "/causes",
        "/events/" + deeds.paused() + "/effects",
        "/commands?limit=1000",
        "/commands?outcome=refused,repeated",
        "/commands/" + deeds.pauseCommand(),
        "/commands/" + deeds.refusedCommand());
  }

  @Test
  void the_name_and_the_texts_are_nowhere_any_more() throws Exception {
    Deeds deeds = useEverything();
    reader(deeds.last()).get("/agents").is(200);
    reader(deeds.last()).get("/events").is(200);
    var database = Api.system().database();
    // What is not personal is found, or this test could not fail.
    assertThat(KeptTexts.tablesWith(database, tenant.value()))
        .contains("event_store.tenant")
        .anyMatch(table -> table.startsWith("read_model.agent"));
    for (String text : List.of(name, reason, failure)) {
      assertThat(KeptTexts.tablesWith(database, text)).as("also before the erasure").isEmpty();
    }
    await().atMost(PATIENCE).until(() -> KeptTexts.entriesWith(Api.system().data(), failure) == 1);

    erase(name).is(200);

    for (String text : List.of(name, reason, failure)) {
      assertThat(KeptTexts.tablesWith(database, text)).isEmpty();
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(KeptTexts.entriesWith(Api.system().data(), text)).isZero());
      assertThat(Files.readString(Api.system().log())).doesNotContain(reason, failure);
    }
  }

  @Test
  void every_view_shows_them_before_and_a_pseudonym_after() {
    Deeds deeds = useEverything();
    for (String view : views(deeds)) {
      assertThat(reader(deeds.last()).get(view).is(200).http().body())
          .as(view)
          .contains(name)
          .doesNotContain("enc:v1:", "[erased]", "erased:");
    }
    assertThat(stream(deeds)).anyMatch(line -> line.contains(reason));

    var erased = erase(name).is(200);

    String pseudonym = erased.text("/subject");
    assertThat(pseudonym).matches("erased:[0-9a-f]{16}");
    for (String view : views(deeds)) {
      assertThat(reader(erased.position()).get(view).is(200).http().body())
          .as(view)
          .contains(pseudonym)
          .doesNotContain(name, reason, failure, "enc:v1:");
    }
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(stream(deeds))
                    .noneMatch(line -> line.contains(name) || line.contains(reason))
                    .anyMatch(line -> line.contains("[erased]")));
    assertThat(operator.get("/agents/mine").text("/state/error/error")).isIn("[erased]", "");
    assertThat(operator.get("/agents/mine").text("/owner")).isEqualTo(pseudonym);
  }

  /** What a new listener is told at first. */
  private List<String> stream(Deeds deeds) {
    try (Stream<String> lines =
        operator
            .with("Accept", "text/event-stream")
            .lines("/events/stream?after=" + (deeds.paused() - 1))) {
      return lines.limit(40).toList();
    }
  }

  @Test
  void the_actor_is_found_by_the_name_before_and_by_the_pseudonym_before_and_after() {
    Deeds deeds = useEverything();
    long events = count("/events?limit=1000&actor=" + name, deeds.last());
    long commands = count("/commands?limit=1000&actor=" + name, deeds.last());
    assertThat(events).isGreaterThan(SNAPSHOT_EVERY);
    assertThat(commands).isGreaterThan(events);

    var erased = erase(name).is(200);

    String pseudonym = erased.text("/subject");
    assertThat(count("/events?limit=1000&actor=" + pseudonym, erased.position())).isEqualTo(events);
    assertThat(count("/commands?limit=1000&actor=" + pseudonym, erased.position()))
        .isEqualTo(commands);
    assertThat(count("/events?actor=" + name, erased.position())).isZero();
    assertThat(count("/commands?actor=" + name, erased.position())).isZero();
  }

  private long count(String path, long position) {
    var page = reader(position).get(path).is(200);
    return page.at(path.startsWith("/events") ? "/events" : "/commands").size();
  }

  @Test
  void the_erasure_is_in_the_audit_trail_with_who_and_why() {
    ada.create("mine");

    var erased = erase(name).is(200);

    var trail = reader(erased.position()).get("/events?type=subject.erased").is(200);
    assertThat(trail.at("/events").size()).isEqualTo(1);
    var event = trail.at("/events/0");
    assertThat(event.path("position").asLong())
        .isEqualTo(erased.position())
        .isEqualTo(erased.at("/position").asLong());
    assertThat(event.at("/actor/subject").asString()).isEqualTo("operator");
    assertThat(event.at("/data/subject").asString()).isEqualTo(erased.text("/subject"));
    assertThat(event.at("/data/reason").asString()).isEqualTo("ticket 4711");
    var again = erase(name).is(200);
    assertThat(again.at("/repeated").asBoolean()).isTrue();
    assertThat(again.position()).isEqualTo(erased.position());
    var fleet = operator.get("/agents?at=" + erased.position()).is(200);
    assertThat(fleet.at("/agents").size()).as("an erasure is no agent").isEqualTo(1);
  }

  @Test
  void the_agent_can_be_paused_and_resumed_by_others_and_by_the_subject_anew() {
    ada.create("mine");
    String pseudonym = erase(name).is(200).text("/subject");

    assertThat(operator.pause("mine").is(200).text("/owner")).isEqualTo(pseudonym);
    var resumed = ada.resume("mine").is(200);

    var events = reader(resumed.position()).get("/agents/mine/events").at("/events");
    assertThat(events.valueStream().map(event -> event.at("/actor/subject").asString()))
        .containsExactly(pseudonym, pseudonym, "operator", name);
  }

  @Test
  void a_read_model_that_is_built_anew_is_the_same() {
    Deeds deeds = useEverything();
    var erased = erase(name).is(200);
    String before = reader(erased.position()).get("/agents").is(200).http().body();

    for (String projection : List.of("agent", "audit")) {
      int status = operator.post("/admin/projections/" + projection + "/replay", "").status();
      assertThat(status).isIn(200, 202);
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  operator
                      .get("/admin/projections")
                      .at("/projections")
                      .valueStream()
                      .noneMatch(shown -> shown.has("replay")));
    }

    assertThat(reader(erased.position()).get("/agents").is(200).http().body()).isEqualTo(before);
    assertThat(count("/events?limit=1000&actor=" + erased.text("/subject"), deeds.last()))
        .isGreaterThan(SNAPSHOT_EVERY);
  }

  @Test
  void the_store_and_an_export_of_it_are_found_intact_and_hold_no_text(@TempDir Path folder)
      throws Exception {
    Deeds deeds = useEverything();
    sealedThrough(deeds.last());
    Path before = export(folder, "before");
    var erased = erase(name).is(200);
    sealedThrough(erased.position());
    Path after = export(folder, "after");

    var found = operator.get("/audit/verify?from=" + deeds.paused()).is(200).json();
    assertThat(found.path("intact").asBoolean()).as("%s", found).isTrue();
    for (Path export : List.of(before, after)) {
      assertThat(Files.readString(export)).doesNotContain(name, reason, failure);
      assertThat(Skreaver.commandLine().execute("audit", "verify", export.toString())).isZero();
    }
  }

  private Path export(Path folder, String file) throws java.io.IOException {
    var export = operator.get("/audit/export").is(200);
    return Files.writeString(folder.resolve(file), export.http().body());
  }

  private void sealedThrough(long position) {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                operator.get("/audit/checkpoint").at("/checkpoint/position").asLong() >= position);
  }

  @Test
  void the_same_name_in_another_tenant_is_not_touched() {
    var namesake = Api.of(Api.newTenant(), Role.ADMIN, name);
    namesake.create("other");
    ada.create("mine");

    erase(name).is(200);

    assertThat(namesake.pause("other").is(200).text("/owner")).isEqualTo(name);
  }

  @Test
  void a_subject_that_never_acted_is_not_found() {
    erase("nobody").refused(404, "subject_not_found");
  }

  @Test
  void it_is_for_administrators_only() {
    ada.create("mine");
    String body = "{\"subject\":\"%s\",\"reason\":\"x\"}".formatted(name);
    for (Role role : List.of(Role.AGENT, Role.VIEWER)) {
      Api.of(tenant, role)
          .post("/admin/subjects/erase", body)
          .refused(403, "insufficient_permissions");
    }
    assertThat(ada.pause("mine").is(200).text("/owner")).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "{\"subject\":\"ada\"}",
        "{\"reason\":\"x\"}",
        "{\"subject\":null,\"reason\":\"x\"}",
        "{\"subject\":7,\"reason\":\"x\"}",
        "{\"subject\":\"\",\"reason\":\"x\"}",
        "{\"subject\":\"ada\",\"reason\":\" \"}",
        "{\"subject\":\"ada\",\"reason\":\"because of Ada\"}",
        "{\"subject\":\"ada\",\"reason\":\"x\",\"more\":1}",
        "{\"subject\":"
      })
  void a_body_that_makes_no_sense_is_refused(String body) {
    assertThat(operator.post("/admin/subjects/erase", body).is(400).header("Content-Type"))
        .isEqualTo("application/problem+json");
  }

  private Api.Answer erase(String subject) {
    return operator.post(
        "/admin/subjects/erase",
        "{\"subject\":\"%s\",\"reason\":\"ticket 4711\"}".formatted(subject));
  }

  /** As a client that wants to read its own writes. */
  private Api reader(long position) {
    return operator.notBefore(position);
  }
}
