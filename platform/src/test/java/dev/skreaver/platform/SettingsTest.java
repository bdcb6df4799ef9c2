package dev.skreaver.platform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

class SettingsTest {
  @Test
  void what_is_not_set_is_the_fallback() {
    Settings none = settings(Map.of());

    assertThat(none.find("A", "B")).isEmpty();
    assertThat(none.text("A", "fallback")).isEqualTo("fallback");
    assertThat(none.flag("A", true)).isTrue();
    assertThat(none.number("A", 7, 1, 9)).isEqualTo(7);
    assertThat(none.list("A")).isEmpty();
    assertThat(none.address("A", "http://localhost:8081"))
        .isEqualTo(URI.create("http://localhost:8081"));
  }

  @Test
  void a_blank_value_counts_as_not_set() {
    assertThat(settings(Map.of("A", "  ")).text("A", "fallback")).isEqualTo("fallback");
  }

  @Test
  void the_first_variable_that_is_set_counts() {
    assertThat(settings(Map.of("A", "", "B", "b", "C", "c")).find("A", "B", "C")).contains("b");
  }

  @Test
  void a_value_is_taken_as_it_is_and_no_placeholder_in_it_is_replaced() {
    assertThat(settings(Map.of("A", "a${B}${C}", "B", "b")).text("A", "")).isEqualTo("a${B}${C}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "TRUE", "1", "yes", "on", " on "})
  void a_flag_is_on(String text) {
    assertThat(settings(Map.of("A", text)).flag("A", false)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"false", "False", "0", "no", "off"})
  void a_flag_is_off(String text) {
    assertThat(settings(Map.of("A", text)).flag("A", true)).isFalse();
  }

  @Test
  void a_flag_that_is_neither_is_refused() {
    refused(
        () ->
            settings(Map.of("SKREAVER_MESH_ENABLED", "maybe")).flag("SKREAVER_MESH_ENABLED", true),
        "SKREAVER_MESH_ENABLED: 'maybe' is not valid; give true or false");
  }

  @Test
  void the_bounds_of_a_number_are_valid() {
    assertThat(settings(Map.of("A", "1")).number("A", 5, 1, 9)).isEqualTo(1);
    assertThat(settings(Map.of("A", "9")).number("A", 5, 1, 9)).isEqualTo(9);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "10", "-1", "1.5", "five", "99999999999999999999"})
  void a_number_out_of_bounds_or_none_at_all_is_refused(String text) {
    refused(
        () -> settings(Map.of("SKREAVER_PORT", text)).number("SKREAVER_PORT", 5, 1, 9),
        "SKREAVER_PORT: '%s' is not valid; give a whole number from 1 to 9".formatted(text));
  }

  @Test
  void a_duration_is_a_whole_number_of_its_unit() {
    Settings settings = settings(Map.of("A", "90"));

    assertThat(settings.seconds("A", Duration.ZERO, Duration.ZERO, Duration.ofMinutes(2)))
        .isEqualTo(Duration.ofSeconds(90));
    assertThat(settings.millis("A", Duration.ZERO, Duration.ZERO, Duration.ofMinutes(2)))
        .isEqualTo(Duration.ofMillis(90));
  }

  @Test
  void a_list_is_separated_by_commas_and_has_no_empty_items() {
    assertThat(settings(Map.of("A", "a, b,,c ,")).list("A")).containsExactly("a", "b", "c");
  }

  @Test
  void an_address_loses_its_trailing_slash() {
    assertThat(settings(Map.of("A", "https://command:8081/")).address("A", "http://localhost"))
        .isEqualTo(URI.create("https://command:8081"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "command:8081",
        "ftp://command",
        "http://",
        "http://a b",
        "8081",
        "http://command:99999",
        "http://command:0",
        "http://command?tenant=a",
        "http://command#a"
      })
  void an_address_that_is_not_http_is_refused(String text) {
    refused(
        () ->
            settings(Map.of("SKREAVER_COMMAND_URL", text))
                .address("SKREAVER_COMMAND_URL", "http://localhost:8081"),
        "SKREAVER_COMMAND_URL: '%s' is not valid; give http://host:port".formatted(text));
  }

  @Test
  void a_secret_of_32_bytes_is_long_enough() {
    String secret = "é".repeat(16);

    assertThat(settings(Map.of("SKREAVER_JWT_SECRET", secret)).jwtSecret())
        .isEqualTo(secret.getBytes(UTF_8));
  }

  @Test
  void the_older_name_of_the_secret_counts_where_the_newer_is_not_set() {
    String older = "o".repeat(32);
    String newer = "n".repeat(32);

    assertThat(settings(Map.of("JWT_SECRET_KEY", older)).jwtSecret())
        .isEqualTo(older.getBytes(UTF_8));
    assertThat(settings(Map.of("JWT_SECRET_KEY", older, "SKREAVER_JWT_SECRET", newer)).jwtSecret())
        .isEqualTo(newer.getBytes(UTF_8));
  }

  @Test
  void there_may_be_several_addresses_each_of_them_once() {
    assertThat(settings(Map.of()).addresses("A", "http://localhost:8081"))
        .containsExactly(URI.create("http://localhost:8081"));
    assertThat(settings(Map.of("A", "http://a:1, https://b/")).addresses("A", "http://c:1"))
        .containsExactly(URI.create("http://a:1"), URI.create("https://b"));
    refused(
        () -> settings(Map.of("A", "http://a:1,b:2")).addresses("A", "http://c:1"),
        "A: 'b:2' is not valid; give http://host:port, or several of them by commas");
    refused(
        () -> settings(Map.of("A", "http://a:1,http://a:1/")).addresses("A", "http://c:1"),
        "A: 'http://a:1, http://a:1/' is not valid; give each address once");
  }

  @Test
  void without_a_secret_the_variable_to_set_is_named() {
    refused(
        () -> settings(Map.of()).jwtSecret(),
        "SKREAVER_JWT_SECRET: is not set; give the secret that tokens are signed with, at least 32"
            + " bytes");
  }

  @Test
  void a_short_secret_is_refused_and_not_shown() {
    assertThatThrownBy(() -> settings(Map.of("JWT_SECRET_KEY", "hunter2")).jwtSecret())
        .isInstanceOf(ConfigurationError.class)
        .hasMessageStartingWith("JWT_SECRET_KEY: has 7 bytes; give at least 32")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void the_line_of_a_bad_value_stays_one_line() {
    assertThatThrownBy(() -> settings(Map.of("A", "1\n2\u001b[31m")).number("A", 1, 1, 9))
        .hasMessage("A: '1\\u000a2\\u001b[31m' is not valid; give a whole number from 1 to 9");
  }

  static void refused(ThrowingCallable reading, String line) {
    assertThatThrownBy(reading)
        .isInstanceOfSatisfying(
            ConfigurationError.class, error -> assertThat(error.getExitCode()).isEqualTo(78))
        .hasMessage(line);
  }

  static Settings settings(Map<String, Object> variables) {
    return Settings.of(environment(variables));
  }

  static StandardEnvironment environment(Map<String, Object> variables) {
    var environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .forEach(s -> environment.getPropertySources().remove(s.getName()));
    environment.getPropertySources().addFirst(new MapPropertySource("given", variables));
    return environment;
  }
}
