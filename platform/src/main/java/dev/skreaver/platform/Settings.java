package dev.skreaver.platform;

import dev.skreaver.api.error.Refusal;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/**
 * The settings of this process, by the names of their environment variables. What is read is
 * checked: a bad value is a {@link ConfigurationError} that names the variable. A blank value
 * counts as absent.
 */
public final class Settings {
  /** Shorter HMAC-SHA-256 keys are weaker than the hash (RFC 7518 §3.2). */
  private static final int SECRET_BYTES = 32;

  private static final int LARGEST_PORT = 65_535;

  private final ConfigurableEnvironment environment;

  private Settings(ConfigurableEnvironment environment) {
    this.environment = environment;
  }

  public static Settings of(Environment environment) {
    return new Settings((ConfigurableEnvironment) environment);
  }

  /** The value of the first of these variables that has one. */
  public Optional<String> find(String... variables) {
    return Arrays.stream(variables).flatMap(name -> value(name).stream()).findFirst();
  }

  public String text(String variable, String fallback) {
    return value(variable).orElse(fallback);
  }

  /** Accepts true, 1, yes, on and false, 0, no, off in any case. */
  public boolean flag(String variable, boolean fallback) {
    return value(variable)
        .map(
            text ->
                switch (text.toLowerCase(Locale.ROOT)) {
                  case "true", "1", "yes", "on" -> true;
                  case "false", "0", "no", "off" -> false;
                  default -> throw bad(variable, text, "give true or false");
                })
        .orElse(fallback);
  }

  /** A whole number from {@code min} to {@code max}, both included. */
  public int number(String variable, int fallback, int min, int max) {
    return (int) whole(variable, fallback, min, max);
  }

  /** A duration that the variable gives as a whole number of milliseconds. */
  public Duration millis(String variable, Duration fallback, Duration min, Duration max) {
    return Duration.ofMillis(whole(variable, fallback.toMillis(), min.toMillis(), max.toMillis()));
  }

  /** A duration that the variable gives as a whole number of seconds. */
  public Duration seconds(String variable, Duration fallback, Duration min, Duration max) {
    return Duration.ofSeconds(
        whole(variable, fallback.toSeconds(), min.toSeconds(), max.toSeconds()));
  }

  /** Comma-separated values, trimmed, without empty ones. */
  public List<String> list(String variable) {
    return value(variable).stream()
        .flatMap(text -> Arrays.stream(text.split(",", -1)))
        .map(String::strip)
        .filter(item -> !item.isEmpty())
        .toList();
  }

  /** An absolute http or https address without a trailing slash. */
  public URI address(String variable, String fallback) {
    return address(variable, text(variable, fallback), "give http://host:port");
  }

  /** One or several such addresses, by commas, none of them twice. */
  public List<URI> addresses(String variable, String fallback) {
    String rule = "give http://host:port, or several of them by commas";
    List<String> given = list(variable);
    List<URI> addresses =
        (given.isEmpty() ? List.of(fallback) : given)
            .stream().map(text -> address(variable, text, rule)).toList();
    if (addresses.size() > Set.copyOf(addresses).size()) {
      throw bad(variable, String.join(", ", given), "give each address once");
    }
    return addresses;
  }

  private static URI address(String variable, String text, String rule) {
    try {
      URI uri = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
      if (("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
          && uri.getHost() != null
          && uri.getUserInfo() == null
          && uri.getPort() != 0
          && uri.getPort() <= LARGEST_PORT
          && uri.getRawQuery() == null
          && uri.getRawFragment() == null) {
        return uri;
      }
    } catch (IllegalArgumentException malformed) {
      throw bad(variable, text, rule);
    }
    throw bad(variable, text, rule);
  }

  /** The key that tokens are signed with: SKREAVER_JWT_SECRET or JWT_SECRET_KEY, in UTF-8. */
  public byte[] jwtSecret() {
    String variable =
        value("SKREAVER_JWT_SECRET").isEmpty() && value("JWT_SECRET_KEY").isPresent()
            ? "JWT_SECRET_KEY"
            : "SKREAVER_JWT_SECRET";
    String secret =
        value(variable)
            .orElseThrow(
                () ->
                    new ConfigurationError(
                        variable,
                        "is not set; give the secret that tokens are signed with, at least 32"
                            + " bytes"));
    byte[] key = secret.getBytes(StandardCharsets.UTF_8);
    if (key.length < SECRET_BYTES) {
      throw new ConfigurationError(
          variable,
          "has %d bytes; give at least %d, for example from 'openssl rand -base64 48'"
              .formatted(key.length, SECRET_BYTES));
    }
    return key;
  }

  private long whole(String variable, long fallback, long min, long max) {
    Optional<String> given = value(variable);
    if (given.isEmpty()) {
      return fallback;
    }
    String rule = "give a whole number from %d to %d".formatted(min, max);
    try {
      long number = Long.parseLong(given.get());
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException notANumber) {
      throw bad(variable, given.get(), rule);
    }
    throw bad(variable, given.get(), rule);
  }

  /**
   * As it was given: the environment would take a dollar sign and a brace in a password for more.
   */
  private Optional<String> value(String variable) {
    return environment.getPropertySources().stream()
        .flatMap(source -> Stream.ofNullable(source.getProperty(variable)))
        .findFirst()
        .map(given -> given.toString().strip())
        .filter(text -> !text.isEmpty());
  }

  private static ConfigurationError bad(String variable, String value, String rule) {
    return new ConfigurationError(
        variable, "'%s' is not valid; %s".formatted(Refusal.quote(value), rule));
  }
}
