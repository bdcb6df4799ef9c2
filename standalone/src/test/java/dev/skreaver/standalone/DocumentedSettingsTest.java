package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/configuration.md} against what the programs read. */
class DocumentedSettingsTest {
  private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([A-Z][A-Z0-9_]*)`");
  private static final Pattern NAME =
      Pattern.compile(
          "\"((?:SKREAVER|WEBSOCKET|JWT|DATABASE|DB|REDIS|READ_MODEL|EVENT_STORE)_[A-Z0-9_]+|RUST_LOG)\"");

  /** Of the launcher, which is no Java. */
  private static final Set<String> OF_THE_LAUNCHER =
      Set.of("JAVA_HOME", "JAVA_OPTS", "XDG_CACHE_HOME");

  @Test
  void each_setting_that_is_documented_is_read() throws IOException {
    Set<String> documented = names(ROW, Files.readString(documentation()));
    documented.removeAll(OF_THE_LAUNCHER);

    assertThat(documented).isNotEmpty().isSubsetOf(read());
  }

  @Test
  void each_setting_that_is_read_is_documented() throws IOException {
    String text = Files.readString(documentation());

    assertThat(read()).isNotEmpty().allSatisfy(name -> assertThat(text).contains("`" + name + "`"));
  }

  private static Path documentation() {
    return PROJECT.resolve("docs/configuration.md");
  }

  private static Set<String> read() throws IOException {
    try (Stream<Path> files = Files.walk(PROJECT)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .filter(file -> file.toString().contains("/src/main/java/"))
          .flatMap(file -> names(NAME, text(file)).stream())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Set<String> names(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .map((MatchResult found) -> found.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
