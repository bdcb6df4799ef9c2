package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The proof of the audit trail as a client meets it. */
class AuditProofTest {
  private final Api api = Api.ofNewTenant();

  @Test
  void what_is_stored_is_soon_sealed_and_found_intact() {
    long last = api.create("mine").position();

    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () ->
                assertThat(
                        api.get("/audit/verify?from=" + last)
                            .is(200)
                            .at("/sealed_through")
                            .asLong())
                    .isGreaterThanOrEqualTo(last));

    var found = api.get("/audit/verify?from=%d&to=%d".formatted(last, last)).is(200).json();
    assertThat(found.path("intact").asBoolean()).as("%s", found).isTrue();
    assertThat(found.path("from").asLong()).isLessThanOrEqualTo(last);
    assertThat(found.path("to").asLong()).isGreaterThanOrEqualTo(last);
    assertThat(found.path("events").asLong()).isPositive();
    assertThat(found.has("fault")).isFalse();

    var latest = api.get("/audit/checkpoint").is(200).json();
    assertThat(latest.at("/checkpoint/position").asLong()).isGreaterThanOrEqualTo(last);
    assertThat(latest.at("/checkpoint/note").asString()).startsWith("skreaver\n");
    assertThat(latest.path("key").asString()).startsWith("skreaver+");
  }

  @Test
  void an_export_holds_the_events_of_its_range() {
    long last = api.create("exported").position();

    var export = api.get("/audit/export?from=%d&to=%d".formatted(last, last)).is(200);

    assertThat(export.header("Content-Type")).startsWith("application/x-ndjson");
    assertThat(export.header("Content-Disposition")).contains("audit.ndjson");
    assertThat(export.http().body().lines().findFirst().orElse("")).contains("skreaver-audit");
    assertThat(export.http().body().lines().filter(line -> line.startsWith("{\"position\"")))
        .anySatisfy(line -> assertThat(line).contains("\"position\":%d,".formatted(last)));
  }

  @Test
  void it_is_for_those_who_may_see_every_tenant() {
    var viewer = Api.of(Api.newTenant(), TokenCommand.Role.VIEWER);
    viewer.get("/audit/verify").refused(403, "insufficient_permissions");
    viewer.get("/audit/export").refused(403, "insufficient_permissions");
    assertThat(viewer.get("/audit/checkpoint").status()).isIn(200, 404);
  }

  @Test
  void a_range_that_is_none_is_refused() {
    for (String route : new String[] {"/audit/verify", "/audit/export"}) {
      api.get(route + "?from=2&to=1").refused(400, "invalid_input");
      api.get(route + "?from=-1").refused(400, "invalid_input");
      api.get(route + "?from=x").refused(400, "invalid_input");
      api.get(route + "?until=1").refused(400, "unknown_field");
    }
  }

  @Test
  void the_metrics_tell_how_far_the_seals_are() {
    long last = api.create("measured").position();

    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () ->
                assertThat(metric("skreaver_audit_sealed_position"))
                    .isGreaterThanOrEqualTo((double) last));

    assertThat(metric("skreaver_audit_sealing")).isEqualTo(1);
    assertThat(metric("skreaver_audit_intact")).isEqualTo(1);
    assertThat(metric("skreaver_audit_verified_position")).isNotNegative();
  }

  private double metric(String name) {
    return api.get("/metrics")
        .is(200)
        .http()
        .body()
        .lines()
        .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .max()
        .orElseThrow();
  }
}
