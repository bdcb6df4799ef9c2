package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong on the command line is said at once, and nothing is made of it. */
class CommandLineTest {
  private static final int USAGE = 2;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "Jörg Müller", "a\nb"})
  void no_token_is_given_to_a_subject_that_every_gateway_refuses(String subject) {
    assertRefused("--subject must be", "token", "--data", folder.toString(), "--subject", subject);
  }

  @Test
  void a_folder_without_data_is_not_taken_for_an_instance_without_partitions() {
    Path wrong = folder.resolve("wrong");

    assertRefused(
        "there is no data of an instance in", "archive", "list", "--data", wrong.toString());

    assertThat(wrong).doesNotExist();
  }

  @Test
  void no_instance_is_made_of_a_folder_that_an_export_is_to_take_its_token_from() {
    Path wrong = folder.resolve("wrong");

    assertRefused(
        "give --token",
        "audit",
        "export",
        "--data",
        wrong.toString(),
        "--url",
        "http://127.0.0.1:1",
        "--output",
        folder.resolve("export.ndjson").toString());

    assertThat(wrong).doesNotExist();
  }

  private static void assertRefused(String why, String... arguments) {
    var said = new StringWriter();
    int exit = Skreaver.commandLine().setErr(new PrintWriter(said)).execute(arguments);

    assertThat(exit).as(said.toString()).isEqualTo(USAGE);
    assertThat(said.toString()).contains(why);
  }
}
