package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.json.WireJson;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What real answers hold is what the OpenAPI document says that they hold, and no more. */
class DocumentedAnswersTest {
  private static final JsonNode DOCUMENT =
      Api.ofNewTenant().get("/api-docs/openapi.json").is(200).json();

  private final Api api = Api.ofNewTenant();

  @Test
  void of_commands() {
    var body = "{\"agent_id\":\"mine\",\"spec\":{\"agent_type\":\"echo\",\"name\":\"n\"}}";
    fits("POST /agents", api.with("Idempotency-Key", "k").post("/agents", body));
    fits("POST /agents", api.with("Idempotency-Key", "k").post("/agents", body));
    fits("POST /agents/{id}/pause", api.pause("mine"));
    fits("POST /agents/{id}/pause", api.pause("mine"));
    fits("POST /agents/{id}/resume", api.resume("mine"));
    fits("PATCH /agents/{id}", api.patch("/agents/mine", "{\"labels\":{\"a\":\"1\"}}"));
    fits(
        "POST /agents/{id}/error",
        api.post("/agents/mine/error", "{\"error\":\"x\",\"recoverable\":true}"));
    fits(
        "POST /agents/{id}/recover",
        api.with("If-Match", "\"0\"").post("/agents/mine/recover", ""));
    fits("POST /agents/{id}/recover", api.post("/agents/mine/recover", ""));
    fits("POST /agents/{id}/stop", api.post("/agents/mine/stop", "{\"reason\":\"x\"}"));
    fits("POST /agents/{id}/stop", api.post("/agents/mine/stop", "{}"));
    fits("DELETE /agents/{id}", api.delete("/agents/mine"));
    fits("DELETE /agents/{id}", api.delete("/agents/mine"));
  }

  @Test
  void of_dry_runs() {
    var body = "{\"agent_id\":\"mine\",\"spec\":{\"agent_type\":\"echo\",\"name\":\"n\"}}";
    fits("POST /agents", api.post("/agents?dry_run=true", body));
    api.create("mine");
    fits(
        "POST /agents/{id}/pause",
        api.post("/agents/mine/pause?dry_run=true", "{\"reason\":\"x\"}"));
    fits("POST /agents/{id}/resume", api.post("/agents/mine/resume?dry_run=true", ""));
    fits("POST /agents/{id}/resume", api.post("/agents/mine/resume?dry_run=x", ""));
    fits("DELETE /agents/{id}", api.delete("/agents/mine?dry_run=true"));
  }

  @Test
  void of_queries() {
    api.create("mine");
    var paused = api.pause("mine");
    var reader = api.notBefore(paused.position());

    fits("GET /agents", reader.get("/agents?limit=1"));
    fits("GET /agents", reader.get("/agents?limit=0"));
    fits("GET /agents", reader.get("/agents?at=" + paused.position()));
    fits("GET /agents", reader.get("/agents?at=999999999999"));
    fits("GET /agents/{id}/diff", reader.get("/agents/mine/diff"));
    fits("GET /agents/{id}/diff", reader.get("/agents/other/diff"));
    fits("GET /agents/{id}", reader.get("/agents/mine"));
    fits("GET /agents/{id}", reader.get("/agents/mine?at=" + paused.position()));
    fits(
        "GET /agents/{id}",
        reader.with("If-None-Match", paused.header("ETag")).get("/agents/mine"));
    fits("GET /agents/{id}", reader.get("/agents/other"));
    fits("GET /agents/{id}/status", reader.get("/agents/mine/status"));
    fits("GET /agents/{id}/events", reader.get("/agents/mine/events?limit=1"));
    fits("GET /events", reader.get("/events"));
    fits("GET /events", reader.with("Accept", "application/x-ndjson").get("/events?limit=1"));
    fits("GET /events", reader.with("Accept", "application/xml").get("/events"));
    fits("GET /audit/verify", api.get("/audit/verify?from=" + paused.position()));
    fits("GET /audit/verify", api.get("/audit/verify?from=2&to=1"));
    fits("GET /audit/checkpoint", api.get("/audit/checkpoint"));
    fits("GET /audit/export", api.get("/audit/export?from=" + paused.position()));
    fits("GET /audit/export", api.get("/audit/export?from=x"));
    String event = "/events/" + paused.position();
    fits("GET /events/{id}/causes", reader.get(event + "/causes"));
    fits("GET /events/{id}/effects", reader.get(event + "/effects"));
    fits("GET /events/{id}/effects", reader.get("/events/x/effects"));
    fits("GET /events/{id}/causes", reader.get("/events/900000000000/causes"));
    api.pause("mine");
    fits("GET /commands", reader.get("/commands"));
    fits("GET /commands", reader.get("/commands?after=x"));
    String command = "/commands/" + paused.header("Skreaver-Command-Id");
    fits("GET /commands/{id}", reader.get(command));
    fits("GET /commands/{id}", reader.get("/commands/0197c9a2-7b1d-7f00-9a55-3f0f4f1f2a10"));
  }

  @Test
  void of_operations() {
    fits("GET /admin/projections", api.get("/admin/projections"));
    fits("GET /admin/dead-letters", api.get("/admin/dead-letters"));
    fits(
        "POST /admin/projections/{name}/replay", api.post("/admin/projections/nothing/replay", ""));
    fits(
        "POST /admin/projections/{name}/replay/pause",
        api.post("/admin/projections/agent/replay/pause", ""));
    fits(
        "POST /admin/projections/{name}/replay/resume",
        api.post("/admin/projections/agent/replay/resume", "{\"events_per_second\":1}"));
    fits("POST /admin/dead-letters/{id}/retry", api.post("/admin/dead-letters/999999/retry", ""));
    api.create("mine");
    String erase = "POST /admin/subjects/erase";
    fits(erase, api.post("/admin/subjects/erase", "{\"subject\":\"developer\",\"reason\":\"x\"}"));
    fits(erase, api.post("/admin/subjects/erase", "{\"subject\":\"nobody\",\"reason\":\"x\"}"));
    fits(erase, api.post("/admin/subjects/erase", "{}"));
    fits("GET /health", api.get("/health"));
    fits("GET /ready", api.get("/ready"));
    fits("GET /metrics", api.get("/metrics"));
  }

  private static void fits(String operation, Api.Answer answer) {
    String as = operation + " " + answer.status() + " " + answer.http().body();
    JsonNode response =
        DOCUMENT
            .path("paths")
            .path(operation.substring(operation.indexOf(' ') + 1))
            .path(operation.substring(0, operation.indexOf(' ')).toLowerCase(Locale.ROOT))
            .path("responses")
            .path(String.valueOf(answer.status()));
    assertThat(response.isObject()).as(as).isTrue();
    headersFit(as, response, answer);

    JsonNode content = response.path("content");
    if (answer.http().body().isEmpty()) {
      assertThat(content.isMissingNode()).as(as + " has no content").isTrue();
      return;
    }
    String type = answer.header("Content-Type").split(";", 2)[0];
    assertThat(content.has(type)).as(as + " as " + type).isTrue();
    JsonNode schema = content.path(type).path("schema");
    if (type.equals("application/x-ndjson")) {
      answer
          .http()
          .body()
          .lines()
          .forEach(line -> valueFits(as, schema, WireJson.mapper().readTree(line)));
    } else if (type.endsWith("json")) {
      valueFits(as, schema, answer.json());
    }
    if (answer.status() >= 400) {
      JsonNode example = content.path(type).path("examples").path(answer.text("/error"));
      assertThat(example.isObject()).as(as + " is an example").isTrue();
      example
          .at("/value/details")
          .properties()
          .forEach(
              detail -> assertThat(answer.at("/details").has(detail.getKey())).as(as).isTrue());
    }
  }

  private static void headersFit(String as, JsonNode response, Api.Answer answer) {
    assertThat(answer.header("X-Request-ID")).as(as).isNotEmpty();
    if (answer.status() >= 400) {
      return;
    }
    for (String header :
        new String[] {
          "Skreaver-Position", "ETag", "Location", "Idempotency-Replayed", "Skreaver-Command-Id"
        }) {
      boolean given = !answer.header(header).isEmpty();
      boolean documented = response.path("headers").has(header);
      if (header.equals("Idempotency-Replayed") || header.equals("Skreaver-Command-Id")) {
        assertThat(!given || documented).as(as + " " + header).isTrue();
      } else {
        assertThat(given).as(as + " " + header).isEqualTo(documented);
      }
    }
  }

  private static void valueFits(String as, JsonNode schema, JsonNode value) {
    if (schema.has("$ref")) {
      valueFits(as, DOCUMENT.at(schema.path("$ref").asString().substring(1)), value);
      return;
    }
    String type = schema.path("type").asString("");
    switch (type) {
      case "object" -> objectFits(as, schema, value);
      case "array" -> value.forEach(item -> valueFits(as + "[]", schema.path("items"), item));
      case "string" -> assertThat(value.isString()).as(as).isTrue();
      case "integer" -> assertThat(value.isIntegralNumber()).as(as).isTrue();
      case "number" -> assertThat(value.isNumber()).as(as).isTrue();
      case "boolean" -> assertThat(value.isBoolean()).as(as).isTrue();
      default -> assertThat(schema.has("oneOf")).as(as + " is of a type").isTrue();
    }
    if (schema.has("enum")) {
      assertThat(schema.path("enum").valueStream().toList()).as(as).contains(value);
    }
  }

  private static void objectFits(String as, JsonNode schema, JsonNode value) {
    assertThat(value.isObject()).as("%s by %s", as, schema).isTrue();
    var given = value.properties().stream().map(Map.Entry::getKey).collect(Collectors.toSet());
    schema.path("required").forEach(name -> assertThat(given).as(as).contains(name.asString()));
    if (!schema.has("properties")) {
      return;
    }
    value
        .properties()
        .forEach(
            member -> {
              JsonNode property = schema.path("properties").path(member.getKey());
              assertThat(property.isObject()).as(as + ": " + member.getKey()).isTrue();
              valueFits(as + "." + member.getKey(), property, member.getValue());
            });
  }
}
