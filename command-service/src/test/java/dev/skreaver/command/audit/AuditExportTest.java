package dev.skreaver.command.audit;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.api.audit.AuditExport;
import dev.skreaver.api.audit.AuditSeals.LatestCheckpoint;
import dev.skreaver.api.audit.NoteKey;
import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.api.audit.Verification;
import dev.skreaver.api.json.WireJson;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/**
 * Agent a has the positions 1 to 6, b has 7 to 10, sealed up to 4, 8 and 10; 11 and 12 are of a and
 * were not sealed. The payload of 5 is erased.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AuditExportTest {
  @TempDir static Path folder;
  private static SealedStore store;
  private static List<String> lines = List.of();

  @BeforeAll
  static void export() {
    store = new SealedStore(folder).append("a", 6).append("b", 4).seal().append("a", 2);
    store.tamper("UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position = 5");
    lines = store.export(0, null);
  }

  @AfterAll
  static void close() {
    store.close();
  }

  @Test
  void an_export_is_verified_without_the_store() throws IOException {
    Verification found = verify(lines);

    assertThat(found).isEqualTo(new Verification(true, 1, 12, 12, 3, 1, 10, null, null));
  }

  @Test
  void a_compressed_export_is_read_as_well() throws IOException {
    Path file = folder.resolve("export.ndjson.gz");
    try (OutputStream compressed = new GZIPOutputStream(Files.newOutputStream(file))) {
      compressed.write(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
    }
    assertThat(AuditExport.of(List.of(file)).verify(keys(), null).intact()).isTrue();
  }

  @Test
  void a_line_has_every_column_of_the_event() {
    assertThat(WireJson.mapper().readTree(event(6)).propertyNames())
        .containsExactly(
            "position",
            "tenant",
            "agent_id",
            "version",
            "event_id",
            "type",
            "revision",
            "time",
            "metadata",
            "payload_hash",
            "previous_leaf",
            "leaf",
            "salt",
            "payload");
    assertThat(WireJson.mapper().readTree(event(5)).has("payload")).as("erased").isFalse();
  }

  @Test
  void a_changed_member_is_found_at_its_position() throws IOException {
    assertFault(verify(with(6, "payload", "eHh4")), 6, "payload_changed");
    assertFault(verify(with(6, "metadata", "eHh4")), 6, "event_changed");
    assertFault(verify(with(6, "agent_id", "b")), 6, "event_changed");
    assertFault(verify(with(6, "time", "2020-01-01T00:00:00Z")), 6, "time_changed");
    assertFault(verify(with(12, "payload", "eHh4")), 12, "payload_changed");
  }

  @Test
  void a_removed_a_repeated_and_a_moved_line_are_found() throws IOException {
    List<String> removed = new ArrayList<>(lines);
    removed.remove(event(6));
    assertFault(verify(removed), 6, "event_missing");

    List<String> repeated = new ArrayList<>(lines);
    repeated.add(repeated.indexOf(event(6)), event(6));
    assertFault(verify(repeated), 6, "event_reordered");

    List<String> moved = new ArrayList<>(lines);
    moved.remove(event(6));
    moved.add(moved.indexOf(event(7)) + 1, event(6));
    assertFault(verify(moved), 6, "event_missing");
  }

  @Test
  void an_export_that_was_cut_off_is_found() throws IOException {
    List<String> cut = lines.subList(0, lines.indexOf(event(6)));
    assertFault(verify(cut), 6, "event_missing");

    List<String> atCheckpoint = lines.subList(0, lines.indexOf(event(8)) + 1);
    assertFault(verify(atCheckpoint), 9, "checkpoint_missing");
  }

  @Test
  void a_line_that_is_no_record_is_found() throws IOException {
    List<String> broken = new ArrayList<>(lines);
    broken.set(broken.indexOf(event(6)), event(6).substring(0, 60));
    assertFault(verify(broken), 6, "line_invalid");
  }

  @Test
  void checkpoints_of_another_key_are_not_believed() throws IOException {
    NoteKey other = NoteSigner.of("skreaver", NoteSigner.newKey()).key();
    Verification found = AuditExport.of(List.of(write(lines))).verify(List.of(other), null);
    assertFault(found, 1, "checkpoint_invalid");
  }

  @Test
  void an_export_that_lacks_what_was_anchored_is_found() throws IOException {
    assertThat(verify(lines, store.anchorFile).intact()).isTrue();

    assertThat(verify(withoutEnd()).intact()).as("it is whole by itself").isTrue();
    assertFault(verify(withoutEnd(), store.anchorFile), 9, "rolled_back");
  }

  @Test
  void a_range_is_widened_to_whole_checkpoints_and_verified_by_itself() throws IOException {
    List<String> range = store.export(6, 7L);

    Verification found = verify(range, store.anchorFile);

    assertThat(found).isEqualTo(new Verification(true, 5, 8, 4, 1, 1, 8, null, null));
  }

  @Test
  void a_range_that_is_said_to_begin_earlier_is_found() throws IOException {
    List<String> range = withHeader(store.export(6, 7L), AuditExportTest::beginEarlier);

    assertFault(verify(range), 1, "checkpoint_invalid");
  }

  @Test
  void a_range_that_does_not_prove_where_it_begins_is_checked_from_its_first_sealed_event()
      throws IOException {
    List<String> range =
        withHeader(
            store.export(6, 7L),
            header -> {
              header.remove("frontier_before");
              beginEarlier(header);
            });

    assertThat(verify(range)).isEqualTo(new Verification(true, 5, 8, 4, 1, 1, 8, null, null));
  }

  private static void beginEarlier(ObjectNode header) {
    ((ObjectNode) header.get("start")).put("position", 0);
  }

  @Test
  void a_range_says_up_to_where_an_anchor_goes_on_behind_it() throws IOException {
    AuditExport range = AuditExport.of(List.of(write(store.export(6, 7L))));
    AuditExport whole = AuditExport.of(List.of(write(lines)));

    assertThat(range.anchoredBehind(range.verify(keys(), null), store.anchorFile)).hasValue(10);
    assertThat(whole.anchoredBehind(whole.verify(keys(), null), store.anchorFile)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"as it comes", "indented", "several", "the head alone"})
  void checkpoints_that_were_handed_out_are_an_anchor_in_any_layout(String layout)
      throws IOException {
    var latest = new LatestCheckpoint(requireNonNull(store.auditor().latest()), "key");
    var indenting = WireJson.mapper().writerWithDefaultPrettyPrinter();
    Path anchor = Files.createTempFile(folder, "anchor", ".json");
    Files.writeString(
        anchor,
        switch (layout) {
          case "as it comes" -> WireJson.mapper().writeValueAsString(latest);
          case "indented" -> indenting.writeValueAsString(latest);
          case "several" -> ("{\"cut\n" + indenting.writeValueAsString(latest) + "\n").repeat(2);
          default -> indenting.writeValueAsString(latest.checkpoint());
        });

    assertThat(verify(lines, anchor).intact()).isTrue();
    assertFault(verify(withoutEnd(), anchor), 9, "rolled_back");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{}", "{\"checkpoint\":null}", "{\"size\":4,\"posi", "note\n"})
  void an_anchor_without_any_checkpoint_is_refused(String content) throws IOException {
    Path anchor = Files.writeString(Files.createTempFile(folder, "anchor", ".ndjson"), content);

    assertThatThrownBy(() -> verify(lines, anchor))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("holds no checkpoint: it must be an anchor");
  }

  @Test
  void a_hash_of_another_length_is_found() throws IOException {
    String longer = Base64.getEncoder().encodeToString(new byte[40]);

    assertFault(verify(with(6, "payload_hash", longer)), 6, "event_changed");
    assertFault(verify(with(6, "previous_leaf", longer)), 6, "event_changed");
  }

  @Test
  void events_and_checkpoints_may_lie_in_several_files() throws IOException {
    Path events = write(lines.stream().filter(line -> line.startsWith("{\"position\"")).toList());
    Path rest = write(lines.stream().filter(line -> !line.startsWith("{\"position\"")).toList());

    assertThat(AuditExport.of(List.of(events, rest)).verify(keys(), null).intact()).isTrue();
  }

  private static List<String> withoutEnd() {
    return withHeader(
        lines.subList(0, lines.indexOf(event(8)) + 1), header -> header.remove("head"));
  }

  private static List<String> withHeader(List<String> lines, Consumer<ObjectNode> change) {
    var changed = (ObjectNode) WireJson.mapper().readTree(lines.getFirst());
    change.accept(changed);
    var copy = new ArrayList<>(lines);
    copy.set(0, changed.toString());
    return copy;
  }

  private static String event(long position) {
    return lines.stream()
        .filter(line -> line.startsWith("{\"position\":%d,".formatted(position)))
        .findFirst()
        .orElseThrow();
  }

  private static List<String> with(long position, String member, String value) {
    var changed = (ObjectNode) WireJson.mapper().readTree(event(position));
    changed.put(member, value);
    var copy = new ArrayList<>(lines);
    copy.set(copy.indexOf(event(position)), changed.toString());
    return copy;
  }

  private static Verification verify(List<String> lines) throws IOException {
    return verify(lines, null);
  }

  private static Verification verify(List<String> lines, @Nullable Path anchor) throws IOException {
    return AuditExport.of(List.of(write(lines))).verify(keys(), anchor);
  }

  private static List<NoteKey> keys() {
    return List.of(store.signer.key());
  }

  private static Path write(List<String> lines) throws IOException {
    return Files.write(Files.createTempFile(folder, "export", ".ndjson"), lines);
  }

  private static void assertFault(Verification found, long position, String kind) {
    assertThat(found.fault())
        .satisfies(
            fault -> {
              assertThat(fault).isNotNull();
              assertThat(fault.position() + " " + fault.kind().wireName())
                  .as("%s", found)
                  .isEqualTo(position + " " + kind);
            });
  }
}
