package dev.skreaver.embedded;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tukaani.xz.XZInputStream;
import redis.embedded.RedisExecProvider;

/**
 * The servers' programs, unpacked from their jars once per user into a cache folder.
 *
 * <p>Only the programs come from the libraries. Their launchers are not used: that of PostgreSQL
 * leaves the server open to everybody on the machine and unpacks into a folder that everybody may
 * write to, and neither can find a server again that outlived its JVM.
 */
final class Binaries {
  private static final Logger log = LoggerFactory.getLogger(Binaries.class);
  private static final String POSTGRES_VERSION = versionOfPostgres();

  private Binaries() {}

  /** Of the PostgreSQL that is embedded, for example {@code 18}. */
  static String postgresMajorVersion() {
    return POSTGRES_VERSION.substring(0, POSTGRES_VERSION.indexOf('.'));
  }

  /** The command line of one of PostgreSQL's programs, without its arguments. */
  static List<String> postgres(String program) {
    String path = postgresFolder().resolve("bin").resolve(program).toString();
    if (LinuxUtils.isUnshareAvailable()) {
      // PostgreSQL refuses to run as root; in a user namespace of its own, root is nobody.
      return List.of("unshare", "-U", path);
    }
    if ("root".equals(System.getProperty("user.name"))) {
      throw new EmbeddedServerException(
          "PostgreSQL does not run as root, and this system allows no user namespace (unshare -U):"
              + " run as an ordinary user, or use a PostgreSQL of your own with DATABASE_URL");
    }
    return List.of(path);
  }

  private static synchronized Path postgresFolder() {
    Path folder =
        cache()
            .resolve(
                "postgresql-%s-%s-%s"
                    .formatted(
                        POSTGRES_VERSION, System.getProperty("os.arch"), nameOfOperatingSystem()));
    if (!Files.isExecutable(folder.resolve("bin/postgres"))) {
      log.info("Unpacking PostgreSQL {} into {}", POSTGRES_VERSION, folder);
      unpackOnce(folder, Binaries::unpackPostgres);
    }
    return folder;
  }

  static synchronized Path redis() {
    Path folder = cache().resolve("redis-" + RedisExecProvider.redisVersion);
    Path program = folder.resolve("redis-server");
    if (!Files.isExecutable(program)) {
      unpackOnce(
          folder,
          draft -> {
            Path unpacked = RedisExecProvider.defaultProvider().get().toPath();
            Files.move(unpacked, draft.resolve("redis-server"));
          });
    }
    return program;
  }

  private interface Unpacking {
    void into(Path draft) throws IOException;
  }

  private static void unpackOnce(Path folder, Unpacking unpacking) {
    try {
      Path draft = Files.createTempDirectory(folder.getParent(), "unpacking-");
      unpacking.into(draft);
      try {
        Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        throw e;
      } catch (FileSystemException anotherJvmWasFaster) {
        DataFolder.deleteTree(draft);
        if (!Files.isDirectory(folder)) {
          throw anotherJvmWasFaster;
        }
      }
    } catch (IOException e) {
      throw DataFolder.unusable(folder, e);
    }
  }

  private static void unpackPostgres(Path draft) throws IOException {
    String machine = System.getProperty("os.arch");
    try (InputStream packed =
            DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(
                nameOfOperatingSystem(), machine.equals("amd64") ? "x86_64" : machine);
        var archive =
            new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(packed)))) {
      TarArchiveEntry entry;
      while ((entry = archive.getNextEntry()) != null) {
        Path target = draft.resolve(entry.getName()).normalize();
        if (entry.isDirectory()) {
          Files.createDirectories(target);
          continue;
        }
        Files.createDirectories(target.resolveSibling("."));
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
        } else {
          Files.copy(archive, target);
          if (target.startsWith(draft.resolve("bin"))) {
            Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-xr-x"));
          }
        }
      }
    } catch (IllegalStateException noneForThisPlatform) {
      throw new EmbeddedServerException(
          "There is no embedded PostgreSQL for %s on %s: use one of your own with DATABASE_URL"
              .formatted(nameOfOperatingSystem(), machine),
          noneForThisPlatform);
    }
  }

  private static Path cache() {
    String configured = System.getenv("XDG_CACHE_HOME");
    Path home = Path.of(System.getProperty("user.home"));
    Path wanted =
        (configured == null || configured.isBlank() ? home.resolve(".cache") : Path.of(configured))
            .resolve("skreaver");
    try {
      return privateFolder(wanted);
    } catch (IOException noHome) {
      Path instead = ThrowAwayFolder.parent().resolveSibling(ThrowAwayFolder.parent() + "-cache");
      try {
        return privateFolder(instead);
      } catch (IOException e) {
        throw DataFolder.unusable(instead, e);
      }
    }
  }

  /** Programs are run from here: nobody else may be able to put some there. */
  private static Path privateFolder(Path folder) throws IOException {
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    if (!Files.getOwner(folder).getName().equals(System.getProperty("user.name"))
        || !Files.isWritable(folder)) {
      throw new IOException("it belongs to another user");
    }
    return folder;
  }

  private static String nameOfOperatingSystem() {
    String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    return name.startsWith("mac") ? "Darwin" : "Linux";
  }

  private static String versionOfPostgres() {
    try (InputStream file = Binaries.class.getResourceAsStream("versions.properties")) {
      var versions = new Properties();
      versions.load(file);
      return versions.getProperty("postgres");
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
