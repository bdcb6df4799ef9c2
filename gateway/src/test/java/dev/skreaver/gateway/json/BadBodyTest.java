package dev.skreaver.gateway.json;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.gateway.RunningGateway;
import dev.skreaver.gateway.TestToken;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What must not get past the edge in a body. */
class BadBodyTest {
  private final RunningGateway gateway = RunningGateway.shared();

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of("not JSON", "{\"spec\":", "invalid_json", ""),
        Arguments.of("nothing", "", "invalid_json", ""),
        Arguments.of("two documents", good() + good(), "invalid_json", ""),
        Arguments.of("an array", "[]", "invalid_input", "body"),
        Arguments.of("a comment", "/* hi */" + good(), "invalid_json", ""),
        Arguments.of(
            "NaN",
            "{\"spec\":{\"agent_type\":\"echo\",\"config\":{\"x\":NaN}}}",
            "invalid_json",
            ""),
        Arguments.of(
            "R04 a duplicate key",
            "{\"agent_id\":\"a\",\"agent_id\":\"b\",\"spec\":{\"agent_type\":\"echo\"}}",
            "duplicate_key",
            "agent_id"),
        Arguments.of(
            "R04 a duplicate key deep inside",
            spec("\"config\":{\"a\":{\"b\":1,\"b\":2}}"),
            "duplicate_key",
            "spec.config.a.b"),
        Arguments.of(
            "R05 an unknown member",
            "{\"spec\":{\"agent_type\":\"echo\"},\"tenant_id\":\"x\"}",
            "unknown_field",
            "tenant_id"),
        Arguments.of(
            "R05 an unknown member inside",
            spec("\"role\":\"admin\""),
            "unknown_field",
            "spec.role"),
        Arguments.of(
            "R06 a number as text", limits("\"7\""), "invalid_input", "spec.limits.max_memory_mb"),
        Arguments.of("R07 a fraction", limits("7.9"), "invalid_input", "spec.limits.max_memory_mb"),
        Arguments.of(
            "too large for its type",
            limits("99999999999"),
            "invalid_input",
            "spec.limits.max_memory_mb"),
        Arguments.of(
            "R08 a type by number",
            "{\"spec\":{\"agent_type\":1}}",
            "invalid_input",
            "spec.agent_type"),
        Arguments.of(
            "R10 an id that is a number",
            "{\"agent_id\":12345,\"spec\":{\"agent_type\":\"echo\"}}",
            "invalid_input",
            "agent_id"),
        Arguments.of("a name that is a number", spec("\"name\":7"), "invalid_input", "spec.name"),
        Arguments.of("a name that is true", spec("\"name\":true"), "invalid_input", "spec.name"),
        Arguments.of(
            "a missing member", "{\"spec\":{}}", "missing_required_field", "spec.agent_type"),
        Arguments.of("a null member", "{\"spec\":null}", "missing_required_field", "spec"),
        Arguments.of("R23 NUL", spec("\"name\":\"a\\u0000b\""), "invalid_input", "spec.name"),
        Arguments.of(
            "NUL in a name of free config",
            spec("\"config\":{\"a\\u0000\":1}"),
            "invalid_input",
            ""),
        Arguments.of(
            "R24 a line end in an id",
            "{\"agent_id\":\"a\\r\\nb\",\"spec\":{\"agent_type\":\"echo\"}}",
            "invalid_agent_id",
            "agent_id"),
        Arguments.of(
            "R25 a bidi override in an id",
            "{\"agent_id\":\"a\\u202eb\",\"spec\":{\"agent_type\":\"echo\"}}",
            "invalid_agent_id",
            "agent_id"),
        Arguments.of(
            "R26 half of a surrogate pair",
            spec("\"name\":\"\\ud800\""),
            "invalid_input",
            "spec.name"),
        Arguments.of(
            "R36 a homoglyph in an id",
            "{\"agent_id\":\"\u0430gent\",\"spec\":{\"agent_type\":\"echo\"}}",
            "invalid_agent_id",
            "agent_id"),
        Arguments.of(
            "a path trick in an id",
            "{\"agent_id\":\"../x\",\"spec\":{\"agent_type\":\"echo\"}}",
            "invalid_agent_id",
            "agent_id"),
        Arguments.of(
            "too deep",
            spec("\"config\":{\"a\":" + "[".repeat(40) + "]".repeat(40) + "}"),
            "invalid_json",
            ""),
        Arguments.of(
            "too long a text", spec("\"name\":\"" + "x".repeat(40_000) + "\""), "invalid_json", ""),
        Arguments.of(
            "too many elements",
            spec("\"config\":{\"a\":[" + "1,".repeat(1_000) + "1]}"),
            "invalid_input",
            "spec.config.a.1000"),
        Arguments.of(
            "too long a number",
            spec("\"config\":{\"a\":" + "1".repeat(200) + "}"),
            "invalid_json",
            ""),
        Arguments.of(
            "a number that would be infinite",
            spec("\"config\":{\"a\":[1.7e308,-1e400]}"),
            "invalid_input",
            "spec.config.a.1"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void a_bad_body_is_refused_with_the_field_at_fault(
      String what, String body, String error, String field) {
    var answer = gateway.post("/agents", body);
    assertThat(answer.error()).isEqualTo(error);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    if (!field.isEmpty()) {
      assertThat(answer.json().at("/details/field").asString("")).isEqualTo(field);
    }
  }

  static Stream<Arguments> notUtf8() {
    return Stream.of(
        Arguments.of("R28 overlong NUL", bytes(0xC0, 0x80)),
        Arguments.of("R28 overlong dot", bytes(0xC0, 0xAE)),
        Arguments.of("R28 overlong quote", bytes(0xC0, 0xA2)),
        Arguments.of("R28 overlong slash", bytes(0xE0, 0x80, 0xAF)),
        Arguments.of("R28 overlong slash in four", bytes(0xF0, 0x80, 0x80, 0xAF)),
        Arguments.of("R29 beyond U+10FFFF", bytes(0xF4, 0x90, 0x80, 0x80)),
        Arguments.of("R29 F5", bytes(0xF5, 0x80, 0x80, 0x80)),
        Arguments.of("an encoded surrogate", bytes(0xED, 0xA0, 0x80)),
        Arguments.of("a sequence that breaks off", bytes(0xE2, 0x82)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("notUtf8")
  void what_is_not_utf_8_is_refused(String what, byte[] sequence) {
    var body = new ByteArrayOutputStream();
    body.writeBytes(
        "{\"spec\":{\"agent_type\":\"echo\",\"name\":\"a".getBytes(StandardCharsets.UTF_8));
    body.writeBytes(sequence);
    body.writeBytes("\"}}".getBytes(StandardCharsets.UTF_8));
    var answer = gateway.post("/agents", body.toByteArray(), "application/json");
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.error()).isEqualTo("invalid_json");
  }

  @Test
  void r31_a_byte_order_mark_is_refused() {
    assertThat(gateway.post("/agents", "\uFEFF" + good()).error()).isEqualTo("invalid_json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-16BE", "UTF-16LE", "UTF-16", "UTF-32"})
  void r30_another_encoding_is_an_unsupported_media_type(String charset) {
    byte[] body = good().getBytes(Charset.forName(charset));
    assertThat(gateway.post("/agents", body, "application/json").status()).isEqualTo(415);
    assertThat(gateway.post("/agents", body, "application/json; charset=" + charset).status())
        .isEqualTo(415);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "*/*",
        "application/*",
        "application/*+json",
        "application/x-ndjson"
      })
  void another_content_type_is_refused_with_what_is_read(String type) {
    var answer = gateway.post("/agents", good().getBytes(StandardCharsets.UTF_8), type);
    assertThat(answer.status()).isEqualTo(415);
    assertThat(answer.error()).isEqualTo("unsupported_media_type");
    assertThat(answer.json().path("message").asString())
        .contains("application/json")
        .doesNotContain("x-ndjson");
  }

  @Test
  void a_content_type_that_is_none_is_refused() {
    assertThat(gateway.post("/agents", good().getBytes(StandardCharsets.UTF_8), "json").status())
        .isEqualTo(415);
  }

  @Test
  void r34_a_compressed_body_is_refused() {
    var answer =
        gateway.send(
            gateway
                .as(TestToken.good(), "/agents")
                .header("Content-Type", "application/json")
                .header("Content-Encoding", "gzip")
                .POST(BodyPublishers.ofString(good())));
    assertThat(answer.status()).isEqualTo(415);
  }

  @Test
  void a_body_beyond_the_limit_is_too_large() {
    var answer = gateway.post("/agents", spec("\"name\":\"" + "x".repeat(300_000) + "\""));
    assertThat(answer.status()).isEqualTo(413);
    assertThat(answer.error()).isEqualTo("request_too_large");
  }

  @Test
  void line_ends_and_escapes_in_free_text_are_accepted() {
    var answer =
        gateway.post("/agents/a/error", "{\"error\":\"a\\r\\n\\u001b[31mb\",\"recoverable\":true}");
    assertThat(answer.status()).isEqualTo(503);
  }

  @Test
  void raw_input_is_shown_only_in_part_and_made_visible() {
    String message =
        gateway
            .post(
                "/agents",
                "{\"agent_id\":\""
                    + "\\u202e/".repeat(100)
                    + "\",\"spec\":{\"agent_type\":\"echo\"}}")
            .json()
            .path("message")
            .asString();
    assertThat(message).contains("\\u202e").doesNotContain("\u202e").hasSizeLessThan(500);
  }

  private static String good() {
    return "{\"spec\":{\"agent_type\":\"echo\"}}";
  }

  private static String spec(String members) {
    return "{\"spec\":{\"agent_type\":\"echo\",%s}}".formatted(members);
  }

  private static String limits(String memory) {
    return spec(
        "\"limits\":{\"max_memory_mb\":%s,\"max_observation_size_kb\":1,\"max_concurrent_tools\":1,\"execution_timeout_secs\":1}"
            .formatted(memory));
  }

  private static byte[] bytes(int... values) {
    var bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
