package dev.skreaver.query.postgres;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import dev.skreaver.platform.ConfigurationError;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.springframework.core.env.Environment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

/** A database that cannot be used ends the start in one line that names its variable. */
class DatabaseConfigurationTest {
  private static final Database DATABASE = PostgresServer.shared().freshDatabase();

  private final DatabaseConfiguration configuration = new DatabaseConfiguration();

  @Test
  void a_wrong_password() {
    String url = DATABASE.url().replace(DATABASE.password(), "wrong");

    refused(() -> readModelAt(url), "READ_MODEL_DATABASE_URL", "password authentication failed");
  }

  @Test
  void a_database_that_is_not_there() {
    String url = DATABASE.url().replace(DATABASE.name(), "nowhere");

    refused(() -> readModelAt(url), "READ_MODEL_DATABASE_URL", "\"nowhere\" does not exist");
  }

  @Test
  void a_root_certificate_that_is_not_there() {
    String url = DATABASE.url() + "?sslrootcert=/nowhere/root.crt";

    refused(() -> eventStoreAt(url), "EVENT_STORE_DATABASE_URL", "/nowhere/root.crt");
  }

  private void readModelAt(String url) {
    configuration.readModelDedicated(environment("READ_MODEL_DATABASE_URL", url));
  }

  private void eventStoreAt(String url) {
    configuration.eventStoreDedicated(environment("EVENT_STORE_DATABASE_URL", url));
  }

  private static Environment environment(String variable, String value) {
    var environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .addFirst(new MapPropertySource("test", Map.of(variable, value)));
    return environment;
  }

  private static void refused(ThrowingCallable start, String variable, String why) {
    assertThatThrownBy(start)
        .isInstanceOf(ConfigurationError.class)
        .hasMessageStartingWith(variable + ": ")
        .hasMessageContaining(why)
        .message()
        .hasLineCount(1);
  }
}
