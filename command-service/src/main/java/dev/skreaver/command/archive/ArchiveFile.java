package dev.skreaver.command.archive;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.skreaver.api.json.WireJson;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** A gzip file with one JSON object a line, one line an event, in order of position. */
final class ArchiveFile {
  private final Path path;

  ArchiveFile(Path path) {
    this.path = path;
  }

  /** Where the events come from; each call gives the next, in order. */
  interface Source {
    void each(Consumer<ArchivedEvent> next);
  }

  /** Writes beside it first: what has the final name is complete and on the disk. */
  void write(Source events) throws IOException {
    Path draft = path.resolveSibling(path.getFileName() + ".part");
    try (OutputStream out =
        new GZIPOutputStream(new BufferedOutputStream(Files.newOutputStream(draft)), 1 << 16)) {
      events.each(
          event -> {
            try {
              out.write(line(event).getBytes(UTF_8));
              out.write('\n');
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
    try (FileChannel channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  static String line(ArchivedEvent event) {
    return WireJson.mapper().writeValueAsString(event);
  }

  BufferedReader lines() throws IOException {
    return new BufferedReader(
        new InputStreamReader(new GZIPInputStream(Files.newInputStream(path), 1 << 16), UTF_8));
  }

  String sha256() throws IOException {
    MessageDigest digest = digest();
    try (InputStream in = new DigestInputStream(Files.newInputStream(path), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
