package dev.skreaver.gateway.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.gateway.RunningGateway;
import dev.skreaver.gateway.TestToken;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the edge refuses before anything is asked of a service. No service is there: whatever came
 * through to one would be answered with 503, so a 4xx proves that nothing was begun.
 */
class BadInputTest {
  private static final RunningGateway GATEWAY = RunningGateway.shared();
  private static final String SPEC = "{\"spec\":{\"agent_type\":\"echo\"%s}%s}";

  static Stream<Arguments> bodiesOfACreation() {
    return Stream.of(
        body("", 400, "invalid_json", ""),
        body("{", 400, "invalid_json", ""),
        body("[]", 400, "invalid_input", "body"),
        body("null", 400, "", ""),
        body("\"text\"", 400, "invalid_input", "body"),
        body("{} {}", 400, "", ""),
        body("{}", 400, "missing_required_field", "spec"),
        body("{\"spec\":null}", 400, "missing_required_field", "spec"),
        body("{\"spec\":{}}", 400, "missing_required_field", "spec.agent_type"),
        body("{\"spec\":[]}", 400, "invalid_input", "spec"),
        body(SPEC.formatted("", ",\"tenant_id\":\"b\""), 400, "unknown_field", "tenant_id"),
        body(SPEC.formatted(",\"role\":\"admin\"", ""), 400, "unknown_field", "spec.role"),
        body(SPEC.formatted(",\"agent_type\":\"echo\"", ""), 400, "duplicate_key", null),
        body("{\"spec\":{\"agent_type\":1}}", 400, "invalid_input", "spec.agent_type"),
        body("{\"spec\":{\"agent_type\":\"baker\"}}", 400, "unknown_agent_type", "spec.agent_type"),
        body(
            "{\"spec\":{\"agent_type\":{\"custom\":\"a/b\"}}}",
            400,
            "unknown_agent_type",
            "spec.agent_type"),
        body(SPEC.formatted("", ",\"agent_id\":12345"), 400, "invalid_input", "agent_id"),
        body(SPEC.formatted("", ",\"agent_id\":\"../x\""), 400, "invalid_agent_id", "agent_id"),
        body(
            SPEC.formatted("", ",\"agent_id\":\"a\\u202eb\""), 400, "invalid_agent_id", "agent_id"),
        body(
            SPEC.formatted("", ",\"agent_id\":\"\u0430gent\""),
            400,
            "invalid_agent_id",
            "agent_id"),
        body(SPEC.formatted("", ",\"agent_id\":\"a\\nb\""), 400, "invalid_agent_id", "agent_id"),
        body(SPEC.formatted("", ",\"agent_id\":\"\""), 400, "invalid_agent_id", "agent_id"),
        body(
            SPEC.formatted("", ",\"agent_id\":\"" + "a".repeat(129) + "\""),
            400,
            "invalid_agent_id",
            "agent_id"),
        body(SPEC.formatted(",\"name\":\"a\\u0000b\"", ""), 400, "invalid_input", "spec.name"),
        body(SPEC.formatted(",\"name\":\"\\ud800\"", ""), 400, "invalid_input", "spec.name"),
        body(SPEC.formatted(",\"name\":7", ""), 400, "invalid_input", "spec.name"),
        body(SPEC.formatted(",\"labels\":[]", ""), 400, "invalid_input", "spec.labels"),
        body(SPEC.formatted(",\"labels\":{\"a\":1}", ""), 400, "invalid_input", "spec.labels.a"),
        body(SPEC.formatted(",\"config\":\"x\"", ""), 400, "invalid_input", "spec.config"),
        body(limits("64", "256", "2"), 400, "missing_required_field", null),
        body(limits("\"64\"", "256", "2", "30"), 400, "invalid_input", "spec.limits.max_memory_mb"),
        body(limits("7.9", "256", "2", "30"), 400, "invalid_input", "spec.limits.max_memory_mb"),
        body(limits("true", "256", "2", "30"), 400, "invalid_input", "spec.limits.max_memory_mb"),
        body(
            limits("2147483648", "256", "2", "30"),
            400,
            "invalid_input",
            "spec.limits.max_memory_mb"),
        body(SPEC.formatted(",\"config\":" + "[".repeat(40) + "]".repeat(40), ""), 400, null, null),
        body(
            SPEC.formatted(",\"config\":{\"a\":" + "[".repeat(40) + "]".repeat(40) + "}", ""),
            400,
            "invalid_json",
            null));
  }

  @ParameterizedTest
  @MethodSource("bodiesOfACreation")
  void a_creation_is_refused_and_the_field_is_named(
      String body, int status, String code, String field) {
    refused(GATEWAY.post("/agents", body), status, code, field);
  }

  static Stream<Arguments> encodings() {
    return Stream.of(
        bytes("overlong NUL", 400, 0xC0, 0x80),
        bytes("overlong dot", 400, 0xC0, 0xAE),
        bytes("overlong quote", 400, 0xC0, 0xA2),
        bytes("overlong slash, 3 bytes", 400, 0xE0, 0x80, 0xAF),
        bytes("overlong slash, 4 bytes", 400, 0xF0, 0x80, 0x80, 0xAF),
        bytes("beyond Unicode", 400, 0xF4, 0x90, 0x80, 0x80),
        bytes("F5", 400, 0xF5, 0x80, 0x80, 0x80),
        bytes("half a surrogate pair", 400, 0xED, 0xA0, 0x80));
  }

  @ParameterizedTest
  @MethodSource("encodings")
  void only_well_formed_utf_8_is_read(String name, int status, byte[] text) {
    var body = new ByteArrayOutputStream();
    body.writeBytes(
        "{\"spec\":{\"agent_type\":\"echo\",\"name\":\"".getBytes(StandardCharsets.UTF_8));
    body.writeBytes(text);
    body.writeBytes("\"}}".getBytes(StandardCharsets.UTF_8));
    refused(
        GATEWAY.post("/agents", body.toByteArray(), "application/json"),
        status,
        "invalid_json",
        null);
  }

  @Test
  void other_encodings_of_json_are_another_media_type() {
    String body = SPEC.formatted("", "");
    for (var charset :
        new Charset[] {
          StandardCharsets.UTF_16, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE
        }) {
      refused(
          GATEWAY.post("/agents", body.getBytes(charset), "application/json"),
          415,
          "unsupported_media_type",
          null);
    }
    refused(GATEWAY.post("/agents", "\ufeff" + body), 400, "invalid_json", null);
  }

  @Test
  void another_content_type_is_refused() {
    for (String type :
        new String[] {
          "text/plain",
          "application/xml",
          "application/x-www-form-urlencoded",
          "multipart/form-data; boundary=x",
          "application/octet-stream"
        }) {
      refused(
          GATEWAY.post("/agents", SPEC.formatted("", "").getBytes(StandardCharsets.UTF_8), type),
          415,
          "unsupported_media_type",
          null);
      refused(
          GATEWAY.post(
              "/agents/a/pause", "{\"reason\":\"x\"}".getBytes(StandardCharsets.UTF_8), type),
          415,
          "unsupported_media_type",
          null);
    }
    refused(
        GATEWAY.send(
            GATEWAY
                .as(TestToken.good(), "/agents")
                .header("Content-Type", "application/json")
                .header("Content-Encoding", "gzip")
                .POST(HttpRequest.BodyPublishers.ofString(SPEC.formatted("", "")))),
        415,
        "unsupported_media_type",
        null);
  }

  static Stream<Arguments> bodiesOfCommands() {
    return Stream.of(
        Arguments.of("pause", "{}", "missing_required_field", "reason"),
        Arguments.of("pause", "{\"reason\":null}", "missing_required_field", "reason"),
        Arguments.of("pause", "{\"reason\":7}", "invalid_input", "reason"),
        Arguments.of("pause", "{\"reason\":\"x\",\"force\":true}", "unknown_field", "force"),
        Arguments.of("resume", "{\"reason\":\"x\"}", "unknown_field", "reason"),
        Arguments.of("recover", "[]", "invalid_input", "body"),
        Arguments.of("error", "{\"error\":\"x\"}", "missing_required_field", "recoverable"),
        Arguments.of(
            "error", "{\"error\":\"x\",\"recoverable\":\"true\"}", "invalid_input", "recoverable"),
        Arguments.of(
            "error", "{\"error\":\"x\",\"recoverable\":1}", "invalid_input", "recoverable"));
  }

  @ParameterizedTest
  @MethodSource("bodiesOfCommands")
  void a_command_is_refused_and_the_field_is_named(
      String command, String body, String code, String field) {
    refused(GATEWAY.post("/agents/echo-1/" + command, body), 400, code, field);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/admin/projections/agent/replay/pause",
        "/admin/projections/agent/replay/resume",
        "/admin/dead-letters/1/retry"
      })
  void an_operator_is_refused_what_a_route_does_not_know(String path) {
    refused(GATEWAY.post(path, "{\"force\":true}"), 400, "unknown_field", "force");
    refused(GATEWAY.post(path, "{"), 400, "invalid_json", null);
    assertThat(GATEWAY.post(path, "{}").status()).isEqualTo(503);
    assertThat(GATEWAY.post(path, "").status()).isEqualTo(503);
  }

  @Test
  void a_change_must_be_an_object() {
    for (String body : List.of("[]", "7", "\"name\"")) {
      refused(
          GATEWAY.send(
              GATEWAY
                  .as(TestToken.good(), "/agents/echo-1")
                  .header("Content-Type", "application/merge-patch+json")
                  .method("PATCH", HttpRequest.BodyPublishers.ofString(body))),
          400,
          "invalid_input",
          "body");
    }
  }

  static Stream<Arguments> queries() {
    return Stream.of(
        Arguments.of("/agents?limit=abc", "invalid_input", "limit"),
        Arguments.of("/agents?limit=0", "invalid_input", "limit"),
        Arguments.of("/agents?limit=-1", "invalid_input", "limit"),
        Arguments.of("/agents?limit=201", "invalid_input", "limit"),
        Arguments.of("/agents?limit=2147483648", "invalid_input", "limit"),
        Arguments.of("/agents?limit=1e9", "invalid_input", "limit"),
        Arguments.of("/agents?limit=", "invalid_input", "limit"),
        Arguments.of("/agents?limit=1&limit=2", "duplicate_parameter", "limit"),
        Arguments.of("/agents?Limit=1", "unknown_field", "Limit"),
        Arguments.of("/agents?tenant=b", "unknown_field", "tenant"),
        Arguments.of("/agents?status=sleeping", "invalid_input", "status"),
        Arguments.of("/agents?status=ready,", "invalid_input", "status"),
        Arguments.of("/agents?type=baker", "unknown_agent_type", "type"),
        Arguments.of("/agents?label=team", "invalid_input", "label"),
        Arguments.of("/agents?label=a:1&label=a:2", "invalid_input", "label"),
        Arguments.of("/agents?sort=age", "invalid_input", "sort"),
        Arguments.of("/agents?order=down", "invalid_input", "order"),
        Arguments.of("/agents?created_from=yesterday", "invalid_input", "created_from"),
        Arguments.of(
            "/agents?created_before=%2B999999999-01-01T00:00:00Z",
            "invalid_input", "created_before"),
        Arguments.of("/agents?name_prefix=a%00b", "invalid_input", "name_prefix"),
        Arguments.of("/agents?name_prefix=a%0Ab", "invalid_input", "name_prefix"),
        Arguments.of("/agents?cursor=" + "x".repeat(1025), "invalid_input", "cursor"),
        Arguments.of("/agents/echo-1?at=", "invalid_input", "at"),
        Arguments.of("/agents/echo-1?at=-1", "invalid_input", "at"),
        Arguments.of("/agents/echo-1?at=99999999999999999999", "invalid_input", "at"),
        Arguments.of("/agents/echo-1?at=1969-01-01T00:00:00Z", "invalid_input", "at"),
        Arguments.of("/agents/echo-1?at=now", "invalid_input", "at"),
        Arguments.of("/agents/echo-1?fields=name", "unknown_field", "fields"),
        Arguments.of("/agents/echo-1/status?at=1", "unknown_field", "at"),
        Arguments.of("/events?limit=1001", "invalid_input", "limit"),
        Arguments.of("/events?type=agent.slept", "invalid_input", "type"),
        Arguments.of("/events?agent=..", "invalid_agent_id", "agent"),
        Arguments.of("/events?after=-1", "invalid_input", "after"),
        Arguments.of("/events?tenant=ACME", "invalid_input", "tenant"),
        Arguments.of("/agents/echo-1/events?agent=echo-2", "unknown_field", "agent"),
        Arguments.of("/admin/dead-letters?limit=201", "invalid_input", "limit"),
        Arguments.of("/admin/projections?name=agent", "unknown_field", "name"));
  }

  @ParameterizedTest
  @MethodSource("queries")
  void a_query_is_refused_and_the_parameter_is_named(String path, String code, String field) {
    refused(GATEWAY.get(TestToken.good(), path), 400, code, field);
  }

  static Stream<Arguments> ids() {
    return Stream.of(
        Arguments.of("a%00b", 400),
        Arguments.of("a%0d%0ab", 400),
        Arguments.of("%2e%2e", 400),
        Arguments.of("..%2f..%2fetc", 400),
        Arguments.of("a%2fb", 400),
        Arguments.of("a%5cb", 400),
        Arguments.of("a;x=1", 400),
        Arguments.of("a%3bx", 400),
        Arguments.of(".hidden", 400),
        Arguments.of("a%20b", 400),
        Arguments.of("%D0%B0gent", 400),
        Arguments.of("a%E2%80%AEb", 400),
        Arguments.of("a%zz", 400),
        Arguments.of("x".repeat(129), 400));
  }

  @ParameterizedTest
  @MethodSource("ids")
  void an_id_with_tricks_is_refused_on_every_route(String id, int status) {
    for (String route :
        new String[] {
          "GET /agents/%s",
          "GET /agents/%s/status",
          "GET /agents/%s/events",
          "DELETE /agents/%s",
          "POST /agents/%s/resume"
        }) {
      String verb = route.substring(0, route.indexOf(' '));
      String path = route.substring(route.indexOf(' ') + 1).formatted(id);
      String answer =
          GATEWAY.raw(
              "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n"
                  .formatted(verb, path, TestToken.good()));
      assertThat(answer).as(path).startsWith("HTTP/1.1 " + status);
      assertThat(answer).as(path).contains("application/problem+json").doesNotContain("Exception");
    }
  }

  static Stream<Arguments> headers() {
    return Stream.of(
        Arguments.of("GET", "Skreaver-Position", "abc"),
        Arguments.of("GET", "Skreaver-Position", "-1"),
        Arguments.of("GET", "Skreaver-Position", "9".repeat(19)),
        Arguments.of("DELETE", "If-Match", "W/\"3\""),
        Arguments.of("DELETE", "If-Match", "3"),
        Arguments.of("DELETE", "If-Match", "\"three\""),
        Arguments.of("DELETE", "If-Match", "\"1\", \"2\""),
        Arguments.of("DELETE", "Idempotency-Key", "a b"),
        Arguments.of("DELETE", "Idempotency-Key", "k".repeat(256)));
  }

  @ParameterizedTest
  @MethodSource("headers")
  void a_header_of_another_form_is_refused_by_name(String verb, String name, String value) {
    refused(
        GATEWAY.send(
            GATEWAY
                .as(TestToken.good(), "/agents/echo-1")
                .header(name, value)
                .method(verb, HttpRequest.BodyPublishers.noBody())),
        400,
        "invalid_header",
        name);
  }

  @Test
  void a_client_that_takes_no_json_is_refused_before_anything_is_done() {
    for (String path : List.of("/agents", "/agents/echo-1/resume", "/admin/dead-letters/1/retry")) {
      refused(
          GATEWAY.send(
              GATEWAY
                  .as(TestToken.good(), path)
                  .header("Content-Type", "application/json")
                  .header("Accept", "application/xml")
                  .POST(
                      HttpRequest.BodyPublishers.ofString(
                          path.equals("/agents") ? SPEC.formatted("", "") : "{}"))),
          406,
          "not_acceptable",
          null);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json;charset=ISO-8859-1",
        "application/json;charset=UTF-16",
        "application/json;charset=US-ASCII",
        "application/json;version=2",
        "text/html;q=0.9, application/json;q=0.1"
      })
  void an_answer_is_json_in_utf_8_whatever_charset_is_asked_for(String accept) {
    var answer =
        GATEWAY.send(GATEWAY.as(TestToken.good(), "/auth/me").header("Accept", accept).GET());
    assertThat(answer.status()).as(answer.http().body()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).isEqualTo("application/json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/agents", "/events", "/agents/echo-1/events", "/commands"})
  void a_page_is_no_stream(String path) {
    refused(
        GATEWAY.send(
            GATEWAY.as(TestToken.good(), path).header("Accept", "text/event-stream").GET()),
        406,
        "not_acceptable",
        null);
  }

  @Test
  void what_is_yet_to_be_created_has_no_version() {
    refused(
        GATEWAY.send(
            GATEWAY
                .as(TestToken.good(), "/agents")
                .header("Content-Type", "application/json")
                .header("If-Match", "\"0\"")
                .POST(HttpRequest.BodyPublishers.ofString(SPEC.formatted("", "")))),
        400,
        "invalid_header",
        "If-Match");
  }

  @Test
  void only_an_administrator_may_name_another_tenant() {
    var auditor = TestToken.good().may("event:read");
    var answer = GATEWAY.get(auditor, "/events?tenant=other");
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.error()).isEqualTo("insufficient_permissions");
    assertThat(GATEWAY.get(auditor, "/events?tenant=acme").status()).isEqualTo(503);
    assertThat(GATEWAY.get(TestToken.good(), "/events?tenant=other").status()).isEqualTo(503);
  }

  /** A null code or field: not what this row is about. */
  private static void refused(
      RunningGateway.Answer answer, int status, @Nullable String code, @Nullable String field) {
    assertThat(answer.status()).as(answer.http().body()).isEqualTo(status);
    assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    assertThat(answer.json().path("message").asString()).isNotBlank();
    if (code != null && !code.isEmpty()) {
      assertThat(answer.error()).as(answer.http().body()).isEqualTo(code);
    }
    if (field != null && !field.isEmpty()) {
      assertThat(answer.json().at("/details/field").asString())
          .as(answer.http().body())
          .isEqualTo(field);
    }
  }

  private static Arguments body(
      String body, int status, @Nullable String code, @Nullable String field) {
    return Arguments.of(body, status, code, field);
  }

  private static Arguments bytes(String name, int status, int... values) {
    var text = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      text[i] = (byte) values[i];
    }
    return Arguments.of(name, status, text);
  }

  private static String limits(String... values) {
    String[] names = {
      "max_memory_mb", "max_observation_size_kb", "max_concurrent_tools", "execution_timeout_secs"
    };
    var members = new StringBuilder();
    for (int i = 0; i < values.length; i++) {
      members.append(i == 0 ? "" : ",").append("\"%s\":%s".formatted(names[i], values[i]));
    }
    return SPEC.formatted(",\"limits\":{" + members + "}", "");
  }
}
