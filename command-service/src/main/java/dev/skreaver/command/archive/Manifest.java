package dev.skreaver.command.archive;

import dev.skreaver.api.json.WireJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;

/**
 * What an archive file holds; it lies beside it, as JSON.
 *
 * @param file its name, in the same folder
 * @param firstPosition where the partition begins
 * @param lastPosition where it ends
 * @param events how many lines it has
 * @param sha256 of the file, in hexadecimal
 */
public record Manifest(
    String format, String file, long firstPosition, long lastPosition, long events, String sha256) {
  static final String FORMAT = "skreaver-events/1";

  static Path path(Path folder, long firstPosition) {
    return folder.resolve("events-%d.manifest.json".formatted(firstPosition));
  }

  static Manifest read(Path folder, long firstPosition) throws IOException {
    Path path = path(folder, firstPosition);
    if (!Files.exists(path)) {
      throw new ArchiveException(
          "there is no %s: export the partition into this folder first".formatted(path));
    }
    try {
      Manifest manifest = WireJson.mapper().readValue(Files.readAllBytes(path), Manifest.class);
      if (FORMAT.equals(manifest.format()) && manifest.firstPosition() == firstPosition) {
        return manifest;
      }
    } catch (JacksonException e) {
      throw new ArchiveException("%s is no manifest: %s".formatted(path, e.getOriginalMessage()));
    }
    throw new ArchiveException(
        "%s is not of format %s, or of another partition".formatted(path, FORMAT));
  }
}
