package dev.skreaver.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.web.server.PortInUseException;

class StartFailureReporterTest {
  private final PrintStream terminal = System.err;
  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

  @BeforeEach
  void watch_standard_error() {
    System.setErr(new PrintStream(shown, true, StandardCharsets.UTF_8));
  }

  @AfterEach
  void give_it_back() {
    System.setErr(terminal);
  }

  @Test
  void a_bad_setting_is_one_line_however_deep_it_was_found() {
    var failure =
        new IllegalStateException(
            "a bean", new IllegalStateException(new ConfigurationError("DB_PORT", "is bad")));

    assertThat(new StartFailureReporter().reportException(failure)).isTrue();
    assertThat(lines()).isEqualTo("skreaver does not start: DB_PORT: is bad\n");
  }

  @Test
  void a_busy_port_is_one_line_that_names_the_variable() {
    assertThat(new StartFailureReporter().reportException(new PortInUseException(8081))).isTrue();
    assertThat(lines())
        .isEqualTo(
            "skreaver does not start: SKREAVER_PORT: port 8081 is already in use; stop what listens"
                + " there or give another\n");
  }

  @Test
  void what_nobody_foresaw_is_left_to_the_log() {
    assertThat(new StartFailureReporter().reportException(new IllegalStateException("?")))
        .isFalse();
    assertThat(lines()).isEmpty();
  }

  private String lines() {
    return shown.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
  }
}
