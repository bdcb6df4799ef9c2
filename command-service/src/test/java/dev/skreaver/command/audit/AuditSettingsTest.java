package dev.skreaver.command.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.api.audit.AuditSeals;
import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.api.audit.Verification;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.CommandService;
import dev.skreaver.embedded.PostgresServer;
import dev.skreaver.platform.ConfigurationError;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.mock.env.MockEnvironment;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@ExtendWith(OutputCaptureExtension.class)
class AuditSettingsTest {
  @TempDir Path folder;
  private final MockEnvironment environment = new MockEnvironment();

  @Test
  void a_key_an_origin_and_former_keys_are_those_that_are_trusted() throws Exception {
    String former = NoteSigner.of("before", NoteSigner.newKey()).key().toString();
    Path key = Files.writeString(folder.resolve("key.pem"), NoteSigner.newKey());
    environment.setProperty("SKREAVER_AUDIT_SIGNING_KEY_FILE", key.toString());
    environment.setProperty("SKREAVER_AUDIT_ORIGIN", "example.org/agents");
    environment.setProperty("SKREAVER_AUDIT_FORMER_KEYS", former);

    AuditSettings settings = AuditSettings.from(environment);

    assertThat(settings.keys()).hasSize(2);
    assertThat(settings.keys().getFirst().name()).isEqualTo("example.org/agents");
    assertThat(settings.keys().getLast()).hasToString(former);
  }

  @Test
  void what_is_wrong_is_named() throws Exception {
    refused("SKREAVER_AUDIT_SIGNING_KEY_FILE", folder.resolve("nothing").toString(), "openssl");
    Path noKey = Files.writeString(folder.resolve("no-key"), "secret");
    refused("SKREAVER_AUDIT_SIGNING_KEY_FILE", noKey.toString(), "holds no key");
    refused("SKREAVER_AUDIT_FORMER_KEYS", "x", "GET /audit/checkpoint");
    refused("SKREAVER_AUDIT_ANCHOR_FILE", folder.resolve("no/file").toString(), "folder");
    refused("SKREAVER_AUDIT_SEAL_EVENTS", "0", "from 1 to 10000");
    refused("SKREAVER_AUDIT_SEAL_INTERVAL_MS", "x", "from 10 to 60000");
    environment.setProperty(
        "SKREAVER_AUDIT_SIGNING_KEY_FILE",
        Files.writeString(folder.resolve("key"), NoteSigner.newKey()).toString());
    refused("SKREAVER_AUDIT_ORIGIN", "two words", "without spaces");
  }

  @Test
  void without_a_key_the_start_says_that_nothing_is_sealed(CapturedOutput output) {
    try (var service = CommandService.on(PostgresServer.shared().freshDatabase())) {
      service.send(CommandService.create("acme/plain"));
      AuditSeals seals = service.bean(AuditSeals.class);

      assertThat(output).contains("Nothing is sealed: SKREAVER_AUDIT_SIGNING_KEY_FILE is not set");
      assertThat(seals.verify(0, null).block())
          .isEqualTo(new Verification(true, 1, 2, 2, 0, 0, 0, null, null));
      assertThatThrownBy(() -> seals.checkpoint().block())
          .isInstanceOfSatisfying(
              Refusal.class,
              refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.CHECKPOINT_NOT_FOUND));
    }
  }

  private void refused(String variable, String value, String reason) {
    environment.setProperty(variable, value);
    assertThatThrownBy(() -> AuditSettings.from(environment))
        .isInstanceOf(ConfigurationError.class)
        .hasMessageStartingWith(variable)
        .hasMessageContaining(reason);
    environment.setProperty(variable, "");
  }
}
