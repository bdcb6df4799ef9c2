package dev.skreaver.platform;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/**
 * Where a PostgreSQL database is and who we are there.
 *
 * @param password empty where the server asks for none
 * @param parameters of the URL, for example {@code sslmode}
 */
public record PostgresAddress(
    String host,
    int port,
    String database,
    String user,
    String password,
    Map<String, String> parameters) {
  private static final String FORM = "postgres://user:password@host:5432/database";

  public PostgresAddress {
    parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
  }

  /**
   * Reads {@code variable}, else DATABASE_URL, else DB_HOST with DB_PORT, DB_NAME, DB_USER and
   * DB_PASSWORD. URLs are {@code postgres://}, {@code postgresql://} or {@code jdbc:postgresql://};
   * a user or password that the URL lacks comes from DB_USER and DB_PASSWORD.
   */
  public static PostgresAddress from(Environment environment, String variable) {
    Settings settings = Settings.of(environment);
    for (String name : new String[] {variable, "DATABASE_URL"}) {
      Optional<String> url = settings.find(name);
      if (url.isPresent()) {
        return parse(settings, name, url.get());
      }
    }
    String host =
        settings
            .find("DB_HOST")
            .orElseThrow(
                () ->
                    new ConfigurationError(
                        variable, "is not set, nor DATABASE_URL or DB_HOST; give " + FORM));
    return new PostgresAddress(
        host,
        settings.number("DB_PORT", 5432, 1, 65_535),
        settings.text("DB_NAME", "skreaver"),
        settings.text("DB_USER", "skreaver"),
        settings.text("DB_PASSWORD", ""),
        Map.of());
  }

  private static PostgresAddress parse(Settings settings, String variable, String url) {
    String plain = url.startsWith("jdbc:") ? url.substring("jdbc:".length()) : url;
    ServerAddress address = ServerAddress.parse(variable, plain, 5432, FORM);
    if (!address.scheme().equals("postgres") && !address.scheme().equals("postgresql")) {
      throw new ConfigurationError(variable, "is not a PostgreSQL address; give " + FORM);
    }
    if (address.path().isEmpty()) {
      throw new ConfigurationError(variable, "names no database; give " + FORM);
    }
    var parameters = new LinkedHashMap<>(address.parameters());
    String user = parameters.remove("user");
    String password = parameters.remove("password");
    return new PostgresAddress(
        address.host(),
        address.port(),
        address.path(),
        firstOf(address.user(), user, settings.text("DB_USER", "skreaver")),
        firstOf(address.password(), password, settings.text("DB_PASSWORD", "")),
        parameters);
  }

  private static String firstOf(@Nullable String a, @Nullable String b, String otherwise) {
    return a != null ? a : b != null ? b : otherwise;
  }

  /** Without user and password. */
  public String jdbcUrl() {
    String query =
        parameters.entrySet().stream()
            .map(entry -> encode(entry.getKey()) + "=" + encode(entry.getValue()))
            .collect(Collectors.joining("&"));
    return "jdbc:postgresql://%s:%d/%s%s"
        .formatted(
            host.contains(":") ? "[" + host + "]" : host,
            port,
            encode(database),
            query.isEmpty() ? "" : "?" + query);
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "%s@%s:%d/%s".formatted(user, host, port, database);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
