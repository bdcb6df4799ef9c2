package dev.skreaver.embedded;

/**
 * One database of an embedded PostgreSQL, and who may open it.
 *
 * @param host always loopback
 */
public record Database(String host, int port, String name, String user, String password) {
  /** As {@code DATABASE_URL} wants it. */
  public String url() {
    return "postgresql://%s:%s@%s:%d/%s".formatted(user, password, host, port, name);
  }

  /** Without user and password. */
  public String jdbcUrl() {
    return "jdbc:postgresql://%s:%d/%s".formatted(host, port, name);
  }

  @Override
  public String toString() {
    return "%s@%s:%d/%s".formatted(user, host, port, name);
  }
}
