package dev.skreaver.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.skreaver.api.audit.AuditExport;
import dev.skreaver.api.audit.Checkpoint;
import dev.skreaver.api.audit.CheckpointHead;
import dev.skreaver.api.audit.LeafHash;
import dev.skreaver.api.audit.LogEntry;
import dev.skreaver.api.audit.MerkleTree;
import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.api.audit.StoredEvent;
import dev.skreaver.api.json.WireJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** What {@code audit verify} says of an export of one event, sealed by itself. */
class AuditCommandTest {
  private static final Instant TIME = Instant.parse("2026-11-27T08:00:00Z");
  private static final Logger ROOT =
      (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

  @TempDir Path folder;
  private final Level level = ROOT.getLevel();
  private final NoteSigner signer = NoteSigner.of("skreaver", NoteSigner.newKey());
  private final StringWriter said = new StringWriter();
  private Path export = Path.of("");
  private Path anchor = Path.of("");

  @BeforeEach
  void export() throws IOException {
    StoredEvent event = event();
    var tree = new MerkleTree();
    List<LogEntry> entries = List.of(LogEntry.of(1, TIME, event.leaf()));
    entries.forEach(tree::append);
    var checkpoint =
        new Checkpoint(1, 0, 1, tree.frontier(), LogEntry.write(entries), signer.sign(tree), TIME);
    var header =
        new AuditExport.Header(
            AuditExport.FORMAT,
            1,
            null,
            null,
            1,
            false,
            checkpoint.head(),
            List.of(signer.key().toString()),
            TIME);
    export = write("export.ndjson", header, checkpoint, event);
    tree.append(LogEntry.of(2, TIME, event.leaf()));
    anchor =
        write(
            "anchor.ndjson", checkpoint.head(), new CheckpointHead(2, 2, signer.sign(tree), TIME));
  }

  @AfterEach
  void log() {
    ROOT.setLevel(level);
  }

  @Test
  void an_anchor_that_goes_on_behind_a_range_is_told_of() {
    assertThat(verify("--anchor", anchor.toString())).isEqualTo(CommandLine.ExitCode.OK);

    assertThat(said.toString())
        .contains("Intact from position 1 to 1")
        .contains("says that it is a range")
        .contains("the anchor goes on to position 2");
  }

  @Test
  void a_file_that_is_not_there_is_said_not_to_be() {
    export = folder.resolve("nowhere.ndjson");

    assertThat(verify()).isEqualTo(CommandLine.ExitCode.USAGE);

    assertThat(said.toString()).contains("there is no file " + export);
  }

  @Test
  void an_anchor_without_a_checkpoint_is_refused_with_what_is_expected() throws IOException {
    Files.writeString(anchor, "{}");

    assertThat(verify("--anchor", anchor.toString())).isEqualTo(CommandLine.ExitCode.USAGE);

    assertThat(said.toString())
        .contains("cannot verify: " + anchor)
        .contains("what GET /audit/checkpoint answered");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\"key\":[null],"})
  void a_broken_export_is_refused_with_a_line_that_says_so(String key) throws IOException {
    Files.writeString(export, Files.readString(export).replaceFirst("\"key\":\\[[^]]*],", key));

    assertThat(verify()).isEqualTo(CommandLine.ExitCode.USAGE);

    assertThat(said.toString().lines())
        .singleElement()
        .asString()
        .startsWith("skreaver: cannot verify: ");
  }

  @Test
  void a_file_without_anything_is_no_intact_export() throws IOException {
    Files.writeString(export, "");

    assertThat(verify()).isEqualTo(CommandLine.ExitCode.USAGE);

    assertThat(said.toString()).contains("there is no export in");
  }

  @Test
  void an_export_of_another_format_is_refused() throws IOException {
    Files.writeString(
        export, Files.readString(export).replace("\"revision\":1,\"to\"", "\"revision\":2,\"to\""));

    assertThat(verify()).isEqualTo(CommandLine.ExitCode.USAGE);

    assertThat(said.toString()).contains("revision 2; this release reads");
  }

  @Test
  void events_without_any_checkpoint_are_not_proven_to_whoever_brings_a_key() throws IOException {
    Path key = Files.writeString(folder.resolve("key"), signer.key().toString());
    List<String> lines = Files.readAllLines(export);
    Files.writeString(export, lines.getLast());

    assertThat(verify("--key", key.toString())).isEqualTo(1);

    assertThat(said.toString()).contains("NOT PROVEN");
  }

  private int verify(String... options) {
    var out = new PrintWriter(said, true);
    CommandLine skreaver = Skreaver.commandLine().setOut(out).setErr(out);
    var arguments = new ArrayList<>(List.of("audit", "verify", export.toString()));
    arguments.addAll(List.of(options));
    return skreaver.execute(arguments.toArray(String[]::new));
  }

  private Path write(String name, Object... records) throws IOException {
    return Files.write(
        folder.resolve(name),
        Arrays.stream(records).map(WireJson.mapper()::writeValueAsString).toList());
  }

  private static StoredEvent event() {
    var id = UUID.fromString("00000000-0000-0000-0000-000000000001");
    byte[] metadata = "{}".getBytes(UTF_8);
    byte[] payload = "{}".getBytes(UTF_8);
    byte[] salt = new byte[32];
    byte[] hash = LeafHash.ofPayload(salt, payload);
    byte[] leaf =
        LeafHash.of("acme", "a", 0, id, "agent.started", 1, metadata, hash, LeafHash.none());
    return new StoredEvent(
        1,
        "acme",
        "a",
        0,
        id,
        "agent.started",
        1,
        TIME,
        metadata,
        hash,
        LeafHash.none(),
        leaf,
        salt,
        payload);
  }
}
