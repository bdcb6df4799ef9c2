package dev.skreaver.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that is deleted on {@link #close}. What a killed JVM left behind, servers included, is
 * cleared away when the next throw-away folder of the same user is made.
 */
public final class ThrowAwayFolder implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ThrowAwayFolder.class);

  /** Younger ones may be in the making: created, but not claimed yet. */
  private static final Duration LEFT_BEHIND_AFTER = Duration.ofMinutes(1);

  private final DataFolder folder;

  private ThrowAwayFolder(DataFolder folder) {
    this.folder = folder;
  }

  public static ThrowAwayFolder create() {
    Path parent = parent();
    try {
      Files.createDirectories(
          parent,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      clearAwayWhatWasLeftBehind(parent);
      return new ThrowAwayFolder(DataFolder.claim(Files.createTempDirectory(parent, "data-")));
    } catch (IOException e) {
      throw DataFolder.unusable(parent, e);
    }
  }

  public Path path() {
    return folder.path();
  }

  static Path parent() {
    return Path.of(
        System.getProperty("java.io.tmpdir"), "skreaver-" + System.getProperty("user.name"));
  }

  private static void clearAwayWhatWasLeftBehind(Path parent) throws IOException {
    List<Path> candidates;
    try (var children = Files.list(parent)) {
      candidates = children.filter(Files::isDirectory).toList();
    }
    for (Path candidate : candidates) {
      try {
        clearAway(candidate);
      } catch (IOException | EmbeddedServerException e) {
        log.warn("Could not clear away {}: {}", candidate, e.getMessage());
      }
    }
  }

  private static void clearAway(Path candidate) throws IOException {
    Instant touched = Files.getLastModifiedTime(candidate).toInstant();
    if (touched.isAfter(Instant.now().minus(LEFT_BEHIND_AFTER))) {
      return;
    }
    DataFolder leftBehind = DataFolder.tryClaim(candidate);
    if (leftBehind == null) {
      return;
    }
    try (leftBehind) {
      List<Path> servers;
      try (var children = Files.list(candidate)) {
        servers = children.filter(Files::isDirectory).toList();
      }
      for (Path server : servers) {
        PostgresCluster.stopOrphan(server);
        RedisServer.stopOrphan(server);
      }
      leftBehind.delete();
    }
  }

  @Override
  public void close() {
    folder.delete();
  }
}
