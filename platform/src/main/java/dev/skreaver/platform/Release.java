package dev.skreaver.platform;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The release that this process runs, as its build named it. */
public final class Release {
  private static final String VERSION = read();

  private Release() {}

  public static String version() {
    return VERSION;
  }

  private static String read() {
    var release = new Properties();
    try (InputStream file = Release.class.getResourceAsStream("release.properties")) {
      release.load(file);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
    return release.getProperty("version", "unknown");
  }
}
