package dev.skreaver.command.audit;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.skreaver.api.audit.AuditExport;
import dev.skreaver.api.audit.LeafHash;
import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.api.audit.Verification;
import dev.skreaver.api.audit.Verification.Kind;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Agent a has the positions 1 to 5, b has 6 to 10, there is a hole at 11, and c has 12 and 13.
 * Checkpoints end at 4, 8 and 13.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TamperingTest {
  @TempDir Path folder;
  private SealedStore store;

  @BeforeEach
  void seal() throws Exception {
    store = new SealedStore(folder).append("a", 5).append("b", 5);
    store.execute("SELECT nextval('event_store.event_position')");
    store.append("c", 2).seal();
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void a_store_that_nobody_touched_is_intact() {
    Verification found = store.verify();

    assertThat(found.fault()).isNull();
    assertThat(found)
        .isEqualTo(new Verification(true, 1, 13, 12, found.checkpoints(), 0, 13, null, null));
    assertThat(found.checkpoints()).isPositive();
  }

  @ParameterizedTest
  @MethodSource("changes")
  void a_changed_column_is_found_at_its_position(String kind, String change) {
    store.tamper("UPDATE event_store.%s WHERE position = 7".formatted(change));

    assertFault(7, kind);
  }

  static Stream<Arguments> changes() {
    return Stream.of(
        arguments("payload_changed", "event SET payload = payload || ' '"),
        arguments("payload_changed", "event SET salt = sha256(salt)"),
        arguments(
            "event_changed", "event SET metadata = convert_to('{\"subject\":\"eve\"}', 'UTF8')"),
        arguments("event_changed", "event SET payload_hash = sha256(payload_hash)"),
        arguments("event_changed", "event SET previous_leaf = sha256(previous_leaf)"),
        arguments("event_changed", "event SET leaf = sha256(leaf)"),
        arguments("event_changed", "event SET event_id = gen_random_uuid()"),
        arguments("event_changed", "event SET type_id = 1"),
        arguments("event_changed", "event SET version = version + 100"),
        arguments("event_changed", "event SET tenant_id = event_store.tenant_number('other')"),
        arguments("event_changed", "event SET tenant_id = 999"),
        arguments("time_changed", "event SET time = time - interval '1 microsecond'"));
  }

  @Test
  void an_event_that_was_moved_to_another_agent_is_found() {
    store.tamper(
        """
        UPDATE event_store.event SET stream_id =
          (SELECT stream_id FROM event_store.stream WHERE key = 'c')
        WHERE position = 9
        """);

    assertFault(9, "event_changed");
  }

  @Test
  void a_renamed_agent_tenant_or_type_is_found_at_the_first_event_that_has_the_name() {
    store.tamper("UPDATE event_store.stream SET key = 'x' WHERE key = 'b'");
    assertFault(6, "event_changed");
    store.tamper("UPDATE event_store.stream SET key = 'b' WHERE key = 'x'");
    assertThat(store.verify().intact()).isTrue();

    store.tamper(
        "UPDATE event_store.stream SET tenant_id = event_store.tenant_number('other')"
            + " WHERE key = 'b'");
    assertFault(6, "event_changed");
    store.tamper(
        "UPDATE event_store.stream SET tenant_id = event_store.tenant_number('acme')"
            + " WHERE key = 'b'");

    store.tamper("UPDATE event_store.tenant SET name = 'late' WHERE name = 'acme'");
    assertFault(1, "event_changed");
    store.tamper("UPDATE event_store.tenant SET name = 'acme' WHERE name = 'late'");

    store.tamper("UPDATE event_store.event_type SET revision = 7 WHERE name = 'agent.paused'");
    assertFault(2, "event_changed");
  }

  @Test
  void an_event_that_was_changed_together_with_all_its_hashes_is_found() throws Exception {
    forge(10);

    assertFault(10, "event_replaced");
  }

  @Test
  void a_deleted_event_is_found_at_its_position() {
    store.tamper("DELETE FROM event_store.event WHERE position = 10");

    assertFault(10, "event_missing");
  }

  @Test
  void an_event_whose_agent_was_deleted_is_found() {
    store.tamper("DELETE FROM event_store.stream WHERE key = 'c'");

    assertFault(12, "event_changed");
  }

  @Test
  void a_deleted_tail_of_sealed_events_is_found() {
    store.tamper("DELETE FROM event_store.event WHERE position > 5");

    assertFault(6, "event_missing");
  }

  @Test
  void a_store_that_went_back_in_time_is_found_by_its_anchor() {
    store.tamper(
        "DELETE FROM event_store.event WHERE position > 8",
        "DELETE FROM event_store.checkpoint WHERE position > 8");

    assertFault(9, "rolled_back");
  }

  @Test
  void an_empty_store_with_an_anchor_was_emptied() {
    store.tamper("TRUNCATE event_store.event, event_store.checkpoint");

    assertFault(1, "rolled_back");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1})
  void a_beginning_that_was_deleted_up_to_a_moved_checkpoint_is_found(long from) {
    store.tamper(
        "UPDATE event_store.checkpoint SET position = -1 WHERE size = 8",
        "DELETE FROM event_store.event WHERE position <= 8");

    assertFault(store.auditor().verify(from, null), 1, "checkpoint_invalid");
  }

  @Test
  void it_is_found_in_an_export_too() throws Exception {
    store.tamper(
        "UPDATE event_store.checkpoint SET position = 0 WHERE size = 8",
        "DELETE FROM event_store.event WHERE position <= 8");

    assertFault(verifyExport(1), 1, "checkpoint_invalid");
  }

  @Test
  void an_end_that_was_deleted_behind_moved_checkpoints_is_found_by_its_anchor() {
    deleteEndBehindMovedCheckpoints();

    assertFault(1, "forked");
  }

  @Test
  void an_end_that_was_deleted_behind_moved_checkpoints_is_found_without_an_anchor()
      throws Exception {
    deleteEndBehindMovedCheckpoints();
    Files.writeString(store.anchorFile, "");

    assertFault(5, "checkpoint_invalid");
  }

  private void deleteEndBehindMovedCheckpoints() {
    store.tamper(
        "UPDATE event_store.checkpoint SET position = 2 WHERE size = 8",
        "UPDATE event_store.checkpoint SET position = 3 WHERE size = 12",
        "DELETE FROM event_store.event WHERE position > 4");
  }

  @ParameterizedTest
  @ValueSource(strings = {"infinity", "-infinity"})
  void a_time_that_is_infinitely_far_away_is_found(String time) throws Exception {
    store.tamper("UPDATE event_store.event SET time = '%s' WHERE position = 7".formatted(time));

    assertFault(7, "time_changed");
    assertFault(verifyExport(0), 7, "time_changed");
  }

  @Test
  void an_inserted_event_is_found_at_its_position() {
    store.tamper(
        """
        INSERT INTO event_store.event
          (position, stream_id, version, time, event_id, tenant_id, type_id, payload_hash,
           previous_leaf, leaf, metadata)
        SELECT 11, stream_id, version + 1000, time, event_id, tenant_id, type_id, payload_hash,
           previous_leaf, leaf, metadata
        FROM event_store.event WHERE position = 10
        """);

    assertFault(11, "event_inserted");
  }

  @Test
  void two_events_that_changed_places_are_found_at_the_first() {
    store.tamper(
        "UPDATE event_store.event SET position = 14 WHERE position = 3",
        "UPDATE event_store.event SET position = 3 WHERE position = 9",
        "UPDATE event_store.event SET position = 9 WHERE position = 14");

    assertFault(3, "event_replaced");
  }

  @Test
  void an_erased_payload_is_no_fault() {
    store.tamper(
        "UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position IN (2, 13)");

    Verification found = store.verify();
    assertThat(found.intact()).as("%s", found).isTrue();
    assertThat(found.erased()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "note = replace(note, E'skreaver\\n8\\n', E'skreaver\\n9\\n')",
        "frontier = sha256(frontier)",
        "entries = overlay(entries placing sha256('x') from 17)",
        "position = 7",
        "size = 7"
      })
  void a_changed_checkpoint_is_found_behind_the_one_before_it(String change) {
    store.tamper(
        "ALTER TABLE event_store.checkpoint DROP CONSTRAINT checkpoint_grows",
        "UPDATE event_store.checkpoint SET %s WHERE position = 8".formatted(change));

    assertThat(store.verify().fault())
        .satisfies(
            fault -> {
              assertThat(fault).isNotNull();
              assertThat(fault.position()).isEqualTo(5);
              assertThat(fault.kind()).isIn(Kind.CHECKPOINT_INVALID, Kind.CHECKPOINT_MISSING);
            });
  }

  @Test
  void a_deleted_checkpoint_is_found() {
    store.tamper("DELETE FROM event_store.checkpoint WHERE position = 4");

    assertFault(1, "checkpoint_missing");
  }

  @Test
  void a_history_that_was_sealed_anew_with_another_key_is_found() throws Exception {
    forge(10);
    store.tamper("TRUNCATE event_store.checkpoint");
    Sealer forger =
        store.startSealer(NoteSigner.of("skreaver", NoteSigner.newKey()), folder.resolve("own"));
    store.awaitSealed();
    forger.stop();

    assertFault(1, "checkpoint_invalid");
  }

  @Test
  void a_history_that_was_sealed_anew_with_the_stolen_key_differs_from_its_anchor()
      throws Exception {
    forge(10);
    store.tamper("TRUNCATE event_store.checkpoint");
    Sealer forger = store.startSealer(store.signer, folder.resolve("own"));
    store.awaitSealed();
    forger.stop();

    assertFault(1, "forked");
  }

  @Test
  void an_anchor_that_the_key_did_not_sign_is_no_anchor() throws Exception {
    String anchor = Files.readString(store.anchorFile);
    Files.writeString(
        store.anchorFile, anchor.replace("\"note\":\"skreaver\\n", "\"note\":\"x\\n"));

    assertFault(14, "anchor_invalid");
  }

  @Test
  void a_line_that_a_crash_cut_off_does_not_spoil_the_anchor() throws Exception {
    String anchor = Files.readString(store.anchorFile);
    Files.writeString(store.anchorFile, anchor + anchor.substring(0, 30));
    assertThat(store.verify().intact()).isTrue();

    store.append("a", 1).seal();

    assertThat(Files.readAllLines(store.anchorFile).getLast()).contains("\"position\":14");
    assertThat(store.verify().intact()).isTrue();
  }

  @Test
  void a_fault_outside_of_the_range_that_was_asked_for_is_not_looked_for() {
    store.tamper("UPDATE event_store.event SET time = now() WHERE position = 2");

    Verification range = store.auditor().verify(7, 9L);
    assertThat(range.intact()).as("%s", range).isTrue();
    assertThat(range.from()).as("widened to whole checkpoints").isEqualTo(5);
    assertThat(range.to()).isEqualTo(13);
    assertThat(range.events()).isEqualTo(8);
    assertThat(store.auditor().verify(0, 2L).intact()).isFalse();
  }

  @Test
  void a_deleted_event_that_was_not_sealed_yet_is_missed_by_the_next_of_its_agent() {
    store.append("a", 3);
    store.tamper("DELETE FROM event_store.event WHERE position = 15");

    assertFault(16, "chain_broken");
  }

  @Test
  void the_first_event_of_a_range_must_follow_the_one_before_it_of_its_agent() throws Exception {
    store.append("b", 1);
    assertThat(store.auditor().verify(14, null).intact()).isTrue();

    forge(14, new byte[32]);

    Verification found = store.auditor().verify(14, null);
    assertThat(found.fault()).isNotNull();
    assertThat(String.valueOf(found.fault())).contains("position=14", "CHAIN_BROKEN");
  }

  @Test
  void what_was_archived_is_not_missed() {
    store.archive(1, 5);

    for (long from : new long[] {0, 7}) {
      Verification found = store.auditor().verify(from, null);
      assertThat(found.intact()).as("%s", found).isTrue();
      assertThat(found.from()).as("behind the first checkpoint that ends here").isEqualTo(9);
      assertThat(found.events()).isEqualTo(4);
    }
  }

  @Test
  void a_beginning_that_was_never_archived_is_missed() {
    store.tamper(
        "DELETE FROM event_store.event WHERE position <= 8",
        "DELETE FROM event_store.partition WHERE first_position = 1",
        "UPDATE event_store.partition SET first_position = 9 WHERE first_position = 6");

    assertFault(1, "event_missing");
  }

  @Test
  void what_follows_a_hole_in_the_archive_is_missed() {
    store.archive(1, 5);
    store.archive(6, 10);
    store.tamper("DELETE FROM event_store.archive WHERE first_position = 1");

    assertFault(1, "event_missing");
  }

  @Test
  void an_event_of_the_first_checkpoint_that_is_neither_here_nor_archived_is_missed() {
    store.archive(1, 5);
    store.tamper("DELETE FROM event_store.event WHERE position IN (7, 8)");

    assertFault(7, "event_missing");
    assertThat(store.auditor().verify(9, null).intact()).as("behind it").isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5})
  void what_is_archived_during_a_check_is_not_missed(int connection) {
    Verification found = store.auditor(connection, () -> store.archive(1, 5)).verify(0, null);

    assertThat(found.intact()).as("%s", found).isTrue();
    assertThat(found.from()).isEqualTo(9);
  }

  @Test
  void an_export_breaks_off_rather_than_leave_out_what_is_archived_meanwhile() {
    var lines = store.auditor(2, () -> store.archive(1, 5)).export(0, null);

    assertThatThrownBy(() -> lines.forEachRemaining(_ -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("archived meanwhile");
  }

  @Test
  void what_is_only_said_to_be_archived_is_still_verified() {
    store.tamper(
        "DELETE FROM event_store.partition WHERE first_position = 1",
        "INSERT INTO event_store.archive (first_position, last_position, events, sha256)"
            + " VALUES (1, 5, 5, '')",
        "UPDATE event_store.event SET payload = payload || ' ' WHERE position = 2");

    assertFault(2, "payload_changed");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 7, 1_000})
  void a_key_that_was_destroyed_without_its_event_is_found(long erasure) throws Exception {
    store.destroyKey(erasure);

    assertFault(erasure, "key_destroyed");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1})
  void a_key_that_was_destroyed_at_no_position_is_found_at_the_first(long erasure)
      throws Exception {
    store.destroyKey(erasure);

    assertFault(1, "key_destroyed");
  }

  @Test
  void a_destroyed_key_is_found_by_the_piece_of_a_check_that_reaches_its_position()
      throws Exception {
    store.destroyKey(6);

    assertThat(store.auditor().verify(0, null, () -> true).next()).isEqualTo(5);
    assertFault(store.auditor().verify(5, null, () -> true), 6, "key_destroyed");
  }

  @Test
  void a_removed_key_is_found_by_the_piece_of_a_check_that_reaches_its_first_event() {
    store.appendSealed("e", 2).seal();
    store.tamper("DELETE FROM event_store.subject_key");

    assertThat(store.auditor().verify(0, null, () -> true).next()).isEqualTo(5);
    assertFault(store.auditor().verify(14, null, () -> true), 14, "key_destroyed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\xff", "\\x7b", "\\x7b2261223a225c7530303030227d"})
  void an_unreadable_event_that_should_tell_of_a_destroyed_key_is_found(String payload)
      throws Exception {
    store.destroyKey(7);
    store.tamper(
        "SELECT event_store.event_type_number('subject.erased', 1::smallint)",
        """
        UPDATE event_store.event SET payload = '%s', type_id =
          (SELECT type_id FROM event_store.event_type WHERE name = 'subject.erased')
        WHERE position = 7
        """
            .formatted(payload));

    assertFault(7, "event_changed");
  }

  @Test
  void another_event_with_an_unreadable_payload_is_found_where_a_key_was_destroyed()
      throws Exception {
    store.destroyKey(7);
    store.tamper("UPDATE event_store.event SET payload = '\\xff' WHERE position = 7");

    assertFault(7, "payload_changed");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "DELETE FROM event_store.subject_key",
        "UPDATE event_store.subject_key SET key = sha256(key)",
        "UPDATE event_store.subject_key SET tenant_id = event_store.tenant_number('other')"
      })
  void a_key_that_is_not_the_one_that_sealed_a_name_is_found_at_its_first_event(String change) {
    store.append("d", 1).appendSealed("e", 2).seal();
    assertThat(store.verify().intact()).isTrue();

    store.tamper(change);

    assertFault(15, "key_destroyed");
  }

  @Test
  void all_that_is_kept_is_checked_where_the_last_positions_of_what_is_archived_were_not_used()
      throws Exception {
    try (var other = new SealedStore(Files.createDirectory(folder.resolve("other")))) {
      other.append("a", 4).seal();
      other.execute("SELECT nextval('event_store.event_position')");
      other.append("b", 3).seal();
      other.archive(1, 5);
      assertThat(other.verify().events()).isEqualTo(3);
      assertThat(other.export(0, null)).as("a header, a checkpoint and the events").hasSize(5);

      other.tamper("UPDATE event_store.event SET time = time + interval '1 s' WHERE position = 6");

      assertThat(requireNonNull(other.verify().fault()).position()).isEqualTo(6);
    }
  }

  @Test
  void what_is_archived_is_not_said_to_be_intact() {
    store.archive(1, 5);

    refused(1, 3L, ErrorCode.POSITION_NOT_KEPT);
  }

  @Test
  void what_is_yet_to_come_is_not_said_to_be_intact() {
    refused(14, null, ErrorCode.INVALID_INPUT);
  }

  private void refused(long from, @Nullable Long to, ErrorCode code) {
    for (ThrowingCallable asked :
        List.<ThrowingCallable>of(
            () -> store.auditor().verify(from, to), () -> store.auditor().export(from, to))) {
      assertThat(catchThrowableOfType(Refusal.class, asked))
          .isNotNull()
          .returns(code, Refusal::code);
    }
  }

  /** Rewrites an event, the last of its agent, with hashes that fit. */
  private void forge(long position) throws Exception {
    forge(position, null);
  }

  private void forge(long position, byte @Nullable [] previousLeaf) throws Exception {
    byte[] metadata = "{\"subject\":\"eve\"}".getBytes(StandardCharsets.UTF_8);
    try (Connection connection = store.connection();
        PreparedStatement read =
            connection.prepareStatement(
                """
                SELECT s.key, e.version, e.event_id, y.name, y.revision, e.payload_hash,
                  e.previous_leaf
                FROM event_store.event e JOIN event_store.stream s USING (stream_id)
                JOIN event_store.event_type y USING (type_id) WHERE position = ?
                """);
        PreparedStatement write =
            connection.prepareStatement(
                """
                UPDATE event_store.event SET metadata = ?, previous_leaf = ?, leaf = ?
                WHERE position = ?
                """)) {
      connection.createStatement().execute("SET session_replication_role = replica");
      read.setLong(1, position);
      ResultSet row = read.executeQuery();
      row.next();
      byte[] previous = previousLeaf == null ? row.getBytes(7) : previousLeaf;
      write.setBytes(1, metadata);
      write.setBytes(2, previous);
      write.setBytes(
          3,
          LeafHash.of(
              "acme",
              row.getString(1),
              row.getLong(2),
              row.getObject(3, UUID.class),
              row.getString(4),
              row.getInt(5),
              metadata,
              row.getBytes(6),
              previous));
      write.setLong(4, position);
      assertThat(write.executeUpdate()).isOne();
    }
  }

  private Verification verifyExport(long from) throws Exception {
    Path file = Files.write(folder.resolve("export.ndjson"), store.export(from, null));
    return AuditExport.of(List.of(file)).verify(List.of(store.signer.key()), null);
  }

  private void assertFault(long position, String kind) {
    assertFault(store.verify(), position, kind);
  }

  private static void assertFault(Verification found, long position, String kind) {
    assertThat(found.intact()).as("%s", found).isFalse();
    assertThat(found.fault())
        .satisfies(
            fault -> {
              assertThat(fault).isNotNull();
              assertThat(fault.kind().wireName()).as("%s", fault).isEqualTo(kind);
              assertThat(fault.position()).as("%s", fault).isEqualTo(position);
            });
  }
}
