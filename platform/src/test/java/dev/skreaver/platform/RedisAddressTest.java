package dev.skreaver.platform;

import static dev.skreaver.platform.SettingsTest.environment;
import static dev.skreaver.platform.SettingsTest.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RedisAddressTest {
  private static final String FORM = "redis://[:password@]host:6379[/0], or rediss:// for TLS";

  @Test
  void a_url_holds_everything() {
    assertThat(at("rediss://ann:s3cret@cache:6380/15"))
        .isEqualTo(new RedisAddress("cache", 6380, "ann", "s3cret", 15, true));
  }

  @Test
  void a_host_is_enough() {
    assertThat(at("redis://cache"))
        .isEqualTo(new RedisAddress("cache", 6379, null, null, 0, false));
  }

  @Test
  void a_password_alone_is_that_of_the_default_user() {
    assertThat(at("redis://:p%40ss@cache"))
        .isEqualTo(new RedisAddress("cache", 6379, null, "p@ss", 0, false));
  }

  @Test
  void a_password_that_the_url_lacks_comes_from_its_own_variable() {
    assertThat(read(Map.of("REDIS_URL", "redis://cache", "REDIS_PASSWORD", "p")).password())
        .isEqualTo("p");
  }

  @Test
  void an_address_may_be_given_in_parts() {
    assertThat(read(Map.of("REDIS_HOST", "cache", "REDIS_PORT", "6380", "REDIS_PASSWORD", "p")))
        .isEqualTo(new RedisAddress("cache", 6380, null, "p", 0, false));
  }

  @Test
  void without_any_address_the_line_says_what_to_give() {
    refused(
        () -> read(Map.of()),
        "REDIS_URL: is not set, nor REDIS_HOST; give %s, or SKREAVER_MESH_ENABLED=false"
            .formatted(FORM));
  }

  @Test
  void a_url_of_something_else_is_refused() {
    refused(() -> at("http://cache"), "REDIS_URL: is not a Redis address; give " + FORM);
  }

  @ParameterizedTest
  @ValueSource(strings = {"redis://cache/16", "redis://cache/-1", "redis://cache/main"})
  void a_database_that_redis_does_not_have_is_refused(String url) {
    refused(() -> at(url), "REDIS_URL: the database must be 0 to 15; give " + FORM);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cache", "cache:6379", "redis://", "redis://:hunter2@2@cache"})
  void a_malformed_url_is_refused_and_not_shown(String url) {
    assertThatThrownBy(() -> at(url))
        .isInstanceOf(ConfigurationError.class)
        .hasMessageStartingWith("REDIS_URL: is not a valid address; give " + FORM)
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void an_address_in_a_log_has_no_password() {
    assertThat(at("redis://:hunter2@cache/3")).hasToString("cache:6379/3");
  }

  private static RedisAddress at(String url) {
    return read(Map.of("REDIS_URL", url));
  }

  private static RedisAddress read(Map<String, Object> variables) {
    return RedisAddress.from(environment(variables));
  }
}
