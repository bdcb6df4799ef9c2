package dev.skreaver.command.audit;

import dev.skreaver.api.audit.NoteKey;
import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.platform.ConfigurationError;
import dev.skreaver.platform.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/**
 * @param signer null where this instance has no key: then it seals nothing
 * @param keys whose signatures count: that of the signer, and former ones
 * @param anchor a file outside of the database, if there is one
 * @param interval between two looks for events to seal, unless there are more than a batch
 * @param batch how many events a checkpoint covers at most
 */
record AuditSettings(
    @Nullable NoteSigner signer,
    List<NoteKey> keys,
    @Nullable Anchor anchor,
    Duration interval,
    int batch) {
  static final String KEY_FILE = "SKREAVER_AUDIT_SIGNING_KEY_FILE";
  private static final String FORMER_KEYS = "SKREAVER_AUDIT_FORMER_KEYS";
  private static final String ANCHOR_FILE = "SKREAVER_AUDIT_ANCHOR_FILE";
  private static final String ORIGIN = "SKREAVER_AUDIT_ORIGIN";
  private static final Pattern ORIGIN_FORM = Pattern.compile("[^\\s+\\p{Cntrl}]{1,200}");

  static AuditSettings from(Environment environment) {
    Settings settings = Settings.of(environment);
    NoteSigner signer = signer(settings);
    List<NoteKey> keys = new ArrayList<>(formerKeys(settings));
    if (signer != null) {
      keys.addFirst(signer.key());
    }
    return new AuditSettings(
        signer,
        List.copyOf(keys),
        anchor(settings),
        settings.millis(
            "SKREAVER_AUDIT_SEAL_INTERVAL_MS",
            Duration.ofSeconds(1),
            Duration.ofMillis(10),
            Duration.ofMinutes(1)),
        settings.number("SKREAVER_AUDIT_SEAL_EVENTS", 1000, 1, 10_000));
  }

  private static @Nullable NoteSigner signer(Settings settings) {
    Optional<String> file = settings.find(KEY_FILE);
    if (file.isEmpty()) {
      return null;
    }
    String origin = settings.text(ORIGIN, "skreaver");
    if (!ORIGIN_FORM.matcher(origin).matches()) {
      throw new ConfigurationError(ORIGIN, "give 1 to 200 characters without spaces and '+'");
    }
    try {
      return NoteSigner.of(origin, Files.readString(Path.of(file.get())));
    } catch (IOException e) {
      throw new ConfigurationError(
          KEY_FILE,
          "'%s' cannot be read; make a key with 'openssl genpkey -algorithm ed25519 -out FILE'"
              .formatted(file.get()));
    } catch (IllegalArgumentException e) {
      throw new ConfigurationError(
          KEY_FILE,
          "'%s' holds no key: %s; make one with 'openssl genpkey -algorithm ed25519 -out FILE'"
              .formatted(file.get(), e.getMessage()));
    }
  }

  private static List<NoteKey> formerKeys(Settings settings) {
    try {
      return settings.list(FORMER_KEYS).stream().map(NoteKey::parse).toList();
    } catch (IllegalArgumentException e) {
      throw new ConfigurationError(
          FORMER_KEYS,
          String.valueOf(e.getMessage()) + "; give them as GET /audit/checkpoint showed them");
    }
  }

  private static @Nullable Anchor anchor(Settings settings) {
    Optional<String> file = settings.find(ANCHOR_FILE);
    if (file.isEmpty()) {
      return null;
    }
    try {
      return Anchor.in(Path.of(file.get()));
    } catch (IOException e) {
      throw new ConfigurationError(
          ANCHOR_FILE,
          "'%s' cannot be appended to: %s; give a file in a folder that exists"
              .formatted(file.get(), e));
    }
  }
}
