package dev.skreaver.gateway.websocket;

/** The version of this gateway, as the build recorded it in the jar. */
final class Version {
  static final String CURRENT = read();

  private Version() {}

  private static String read() {
    String recorded = Version.class.getPackage().getImplementationVersion();
    return recorded == null ? "development" : recorded;
  }
}
