package dev.skreaver.platform;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/**
 * Where Redis is and who we are there.
 *
 * @param user null for the default user
 * @param password null where the server asks for none
 * @param database 0 to 15
 */
public record RedisAddress(
    String host,
    int port,
    @Nullable String user,
    @Nullable String password,
    int database,
    boolean tls) {
  private static final String FORM = "redis://[:password@]host:6379[/0], or rediss:// for TLS";

  /** Reads REDIS_URL, else REDIS_HOST with REDIS_PORT and REDIS_PASSWORD. */
  public static RedisAddress from(Environment environment) {
    Settings settings = Settings.of(environment);
    Optional<String> url = settings.find("REDIS_URL");
    if (url.isPresent()) {
      return parse(url.get(), settings.find("REDIS_PASSWORD").orElse(null));
    }
    String host =
        settings
            .find("REDIS_HOST")
            .orElseThrow(
                () ->
                    new ConfigurationError(
                        "REDIS_URL",
                        "is not set, nor REDIS_HOST; give %s, or SKREAVER_MESH_ENABLED=false"
                            .formatted(FORM)));
    return new RedisAddress(
        host,
        settings.number("REDIS_PORT", 6379, 1, 65_535),
        null,
        settings.find("REDIS_PASSWORD").orElse(null),
        0,
        false);
  }

  private static RedisAddress parse(String url, @Nullable String fallbackPassword) {
    ServerAddress address = ServerAddress.parse("REDIS_URL", url, 6379, FORM);
    boolean tls = address.scheme().equals("rediss");
    if (!tls && !address.scheme().equals("redis")) {
      throw new ConfigurationError("REDIS_URL", "is not a Redis address; give " + FORM);
    }
    String database = address.path().isEmpty() ? "0" : address.path();
    if (!database.matches("\\d|1[0-5]")) {
      throw new ConfigurationError("REDIS_URL", "the database must be 0 to 15; give " + FORM);
    }
    return new RedisAddress(
        address.host(),
        address.port(),
        address.user(),
        address.password() != null ? address.password() : fallbackPassword,
        Integer.parseInt(database),
        tls);
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "%s:%d/%d".formatted(host, port, database);
  }
}
