package dev.skreaver.platform;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The parts of a server's URL; no message made here shows the URL, because it holds a password. */
record ServerAddress(
    String scheme,
    String host,
    int port,
    @Nullable String user,
    @Nullable String password,
    String path,
    Map<String, String> parameters) {

  /** Java's own reading of it knows no host with an underscore, which containers often have. */
  private static final Pattern AUTHORITY =
      Pattern.compile(
          "((?<user>[^@]*)@)?(?<host>\\[[0-9A-Fa-f:.%]+]|[A-Za-z0-9._-]+)(:(?<port>[0-9]{1,9})?)?");

  /**
   * @param expected the form to give, for the message
   */
  static ServerAddress parse(String variable, String url, int defaultPort, String expected) {
    try {
      URI uri = new URI(url);
      Matcher authority = AUTHORITY.matcher(Optional.ofNullable(uri.getRawAuthority()).orElse(""));
      if (uri.getScheme() == null || !authority.matches()) {
        throw malformed(variable, expected);
      }
      String host = authority.group("host");
      String port = authority.group("port");
      String[] credentials = Optional.ofNullable(authority.group("user")).orElse("").split(":", 2);
      return new ServerAddress(
          uri.getScheme(),
          host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
          port(variable, port == null ? defaultPort : Integer.parseInt(port)),
          credentials[0].isEmpty() ? null : decode(credentials[0]),
          credentials.length < 2 || credentials[1].isEmpty() ? null : decode(credentials[1]),
          decode(Optional.ofNullable(uri.getRawPath()).orElse("")).replaceFirst("^/", ""),
          parameters(uri.getRawQuery()));
    } catch (URISyntaxException | IllegalArgumentException badUrl) {
      throw malformed(variable, expected);
    }
  }

  private static int port(String variable, int port) {
    if (port < 1 || port > 65_535) {
      throw new ConfigurationError(variable, "the port must be from 1 to 65535");
    }
    return port;
  }

  private static Map<String, String> parameters(@Nullable String query) {
    var parameters = new LinkedHashMap<String, String>();
    if (query != null && !query.isEmpty()) {
      for (String pair : query.split("&", -1)) {
        String[] parts = pair.split("=", 2);
        parameters.put(decode(parts[0]), parts.length == 1 ? "" : decode(parts[1]));
      }
    }
    return Collections.unmodifiableMap(parameters);
  }

  private static String decode(String part) {
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static ConfigurationError malformed(String variable, String expected) {
    return new ConfigurationError(
        variable,
        "is not a valid address; give %s (escape special characters in the password, for example @ as %%40)"
            .formatted(expected));
  }
}
