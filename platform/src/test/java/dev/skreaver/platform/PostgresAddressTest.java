package dev.skreaver.platform;

import static dev.skreaver.platform.SettingsTest.environment;
import static dev.skreaver.platform.SettingsTest.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresAddressTest {
  private static final String FORM = "postgres://user:password@host:5432/database";

  @ParameterizedTest
  @ValueSource(strings = {"postgres", "postgresql", "jdbc:postgresql"})
  void a_url_holds_everything(String scheme) {
    assertThat(at(scheme + "://ann:s3cret@db.example:6543/fleet?sslmode=require"))
        .isEqualTo(
            new PostgresAddress(
                "db.example", 6543, "fleet", "ann", "s3cret", Map.of("sslmode", "require")));
  }

  @Test
  void a_url_without_port_user_and_password_takes_them_elsewhere() {
    assertThat(
            read(
                Map.of(
                    "DATABASE_URL", "postgres://db/fleet", "DB_USER", "ann", "DB_PASSWORD", "p")))
        .isEqualTo(new PostgresAddress("db", 5432, "fleet", "ann", "p", Map.of()));
  }

  @Test
  void user_and_password_may_be_parameters_of_a_jdbc_url_and_do_not_stay_in_it() {
    PostgresAddress address = at("jdbc:postgresql://db/fleet?user=ann&password=p&ssl=true");

    assertThat(address)
        .isEqualTo(new PostgresAddress("db", 5432, "fleet", "ann", "p", Map.of("ssl", "true")));
    assertThat(address.jdbcUrl()).isEqualTo("jdbc:postgresql://db:5432/fleet?ssl=true");
  }

  @Test
  void escaped_characters_in_the_password_are_read_and_a_plus_is_a_plus() {
    assertThat(at("postgres://ann:a%40b%2Fc+d%3A@db/fleet").password()).isEqualTo("a@b/c+d:");
  }

  @Test
  void an_ipv6_address_is_a_host() {
    PostgresAddress address = at("postgres://[::1]:6543/fleet");

    assertThat(address.host()).isEqualTo("::1");
    assertThat(address.jdbcUrl()).isEqualTo("jdbc:postgresql://[::1]:6543/fleet");
  }

  @Test
  void a_host_may_have_an_underscore_as_containers_do() {
    PostgresAddress address = at("postgres://ann:p%40ss@my_db:6543/fleet");

    assertThat(address)
        .isEqualTo(new PostgresAddress("my_db", 6543, "fleet", "ann", "p@ss", Map.of()));
    assertThat(at("postgres://my_db/fleet").host()).isEqualTo("my_db");
  }

  @Test
  void a_service_of_its_own_database_goes_before_the_common_one() {
    assertThat(
            read(
                Map.of(
                    "EVENT_STORE_DATABASE_URL", "postgres://events/e",
                    "DATABASE_URL", "postgres://common/c",
                    "DB_HOST", "parts")))
        .extracting(PostgresAddress::host)
        .isEqualTo("events");
  }

  @Test
  void an_address_may_be_given_in_parts() {
    assertThat(read(Map.of("DB_HOST", "db")))
        .isEqualTo(new PostgresAddress("db", 5432, "skreaver", "skreaver", "", Map.of()));
    assertThat(
            read(
                Map.of(
                    "DB_HOST", "db",
                    "DB_PORT", "6543",
                    "DB_NAME", "fleet",
                    "DB_USER", "ann",
                    "DB_PASSWORD", "a@b")))
        .isEqualTo(new PostgresAddress("db", 6543, "fleet", "ann", "a@b", Map.of()));
  }

  @Test
  void without_any_address_the_line_says_what_to_give() {
    refused(
        () -> read(Map.of()),
        "EVENT_STORE_DATABASE_URL: is not set, nor DATABASE_URL or DB_HOST; give " + FORM);
  }

  @Test
  void a_url_of_something_else_is_refused() {
    refused(
        () -> at("mysql://db/fleet"), "DATABASE_URL: is not a PostgreSQL address; give " + FORM);
  }

  @ParameterizedTest
  @ValueSource(strings = {"postgres://db", "postgres://db/"})
  void a_url_without_a_database_is_refused(String url) {
    refused(() -> at(url), "DATABASE_URL: names no database; give " + FORM);
  }

  @ParameterizedTest
  @ValueSource(strings = {"postgres://db:0/fleet", "postgres://db:65536/fleet"})
  void a_port_that_no_server_has_is_refused(String url) {
    refused(() -> at(url), "DATABASE_URL: the port must be from 1 to 65535");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "db",
        "db:5432/fleet",
        "postgres:///fleet",
        "postgres://ann:hunter2@2@db/fleet",
        "postgres://ann:hunter2%zz@db/fleet",
        "postgres://ann:hunter2#@db/fleet",
        "postgres://ann:hunter2 @db/fleet"
      })
  void a_malformed_url_is_refused_and_not_shown(String url) {
    assertThatThrownBy(() -> at(url))
        .isInstanceOf(ConfigurationError.class)
        .hasMessageStartingWith("DATABASE_URL: is not a valid address; give " + FORM)
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void an_address_in_a_log_has_no_password() {
    assertThat(at("postgres://ann:hunter2@db/fleet")).hasToString("ann@db:5432/fleet");
  }

  private static PostgresAddress at(String url) {
    return read(Map.of("DATABASE_URL", url));
  }

  private static PostgresAddress read(Map<String, Object> variables) {
    return PostgresAddress.from(environment(variables), "EVENT_STORE_DATABASE_URL");
  }
}
