package dev.skreaver.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A folder that only one instance uses at a time and that only its owner can read.
 *
 * <p>The claim is a lock on a file, which the operating system gives up when this JVM dies in
 * whatever way.
 */
public final class DataFolder implements AutoCloseable {
  private static final FileAttribute<Set<PosixFilePermission>> FOLDER_OF_OWNER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<Set<PosixFilePermission>> FILE_OF_OWNER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final String LOCK = "lock";

  private final Path path;
  private final FileChannel lock;

  private DataFolder(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Creates the folder if it is not there, and claims it until {@link #close}.
   *
   * @throws EmbeddedServerException if a running instance has it, or it cannot be written
   */
  public static DataFolder claim(Path folder) {
    DataFolder claimed = tryClaim(folder);
    if (claimed == null) {
      throw new EmbeddedServerException(
          "The data folder %s is in use by a running instance: stop it, or choose another folder"
              .formatted(folder.toAbsolutePath()));
    }
    return claimed;
  }

  static @Nullable DataFolder tryClaim(Path folder) {
    Path path = folder.toAbsolutePath().normalize();
    FileChannel channel = null;
    try {
      Files.createDirectories(path, FOLDER_OF_OWNER);
      path = path.toRealPath();
      channel =
          FileChannel.open(
              path.resolve(LOCK),
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
              FILE_OF_OWNER);
      if (channel.tryLock() != null) {
        return new DataFolder(path, channel);
      }
      channel.close();
      return null;
    } catch (OverlappingFileLockException heldByThisJvm) {
      closeQuietly(channel);
      return null;
    } catch (IOException e) {
      closeQuietly(channel);
      throw unusable(path, e);
    }
  }

  /** The folder itself, absolute. */
  public Path path() {
    return path;
  }

  /**
   * A secret that lives as long as the folder: read from the file of this name, or drawn and
   * written there, for its owner only, the first time.
   *
   * @return 256 random bits, as 64 hexadecimal digits
   */
  public String secret(String name) {
    return readSecret(path, name)
        .orElseGet(
            () -> {
              var random = new byte[32];
              new SecureRandom().nextBytes(random);
              String secret = HexFormat.of().formatHex(random);
              write(path.resolve(name), secret + "\n");
              return secret;
            });
  }

  /**
   * A file for its owner only that lives as long as the folder: what is drawn the first time stays.
   */
  public Path kept(String name, Supplier<String> content) {
    Path file = path.resolve(name);
    return Files.exists(file) ? file : write(file, content.get());
  }

  /** {@link #secret} of a folder that a running instance may have claimed. */
  public static String secretIn(Path folder, String name) {
    return readSecret(folder, name)
        .orElseGet(
            () -> {
              try (DataFolder claimed = claim(folder)) {
                return claimed.secret(name);
              }
            });
  }

  private static Optional<String> readSecret(Path folder, String name) {
    try {
      return Optional.of(Files.readString(folder.resolve(name)).strip());
    } catch (NoSuchFileException notYet) {
      return Optional.empty();
    } catch (IOException e) {
      throw unusable(folder, e);
    }
  }

  /** Writes a file that only its owner can read; it is there whole or not at all. */
  static Path write(Path file, String content) {
    try {
      Path draft = file.resolveSibling(file.getFileName() + ".new");
      Files.deleteIfExists(draft);
      Files.createFile(draft, FILE_OF_OWNER);
      Files.writeString(draft, content);
      return Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw unusable(file, e);
    }
  }

  /** Gives the folder up and deletes it with all that is in it. */
  void delete() {
    try {
      deleteTree(path);
    } catch (IOException e) {
      throw unusable(path, e);
    } finally {
      close();
    }
  }

  static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (var files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  @Override
  public void close() {
    closeQuietly(lock);
  }

  static EmbeddedServerException unusable(Path folder, IOException cause) {
    String reason =
        switch (cause) {
          case AccessDeniedException _ -> "no permission";
          case FileAlreadyExistsException _ -> "it is not a folder";
          case FileSystemException known when known.getReason() != null -> known.getReason();
          default -> String.valueOf(cause);
        };
    return new EmbeddedServerException(
        "%s cannot be used (%s): choose a folder that this user can write to"
            .formatted(folder, reason),
        cause);
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException alreadyGone) {
        // The lock goes with the file handle, which is gone in any case.
      }
    }
  }
}
