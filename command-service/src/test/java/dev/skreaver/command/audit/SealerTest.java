package dev.skreaver.command.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.api.audit.Verification;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@ExtendWith(OutputCaptureExtension.class)
class SealerTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path folder;
  private SealedStore store;

  @BeforeEach
  void open() {
    store = new SealedStore(folder);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void every_event_is_sealed_in_checkpoints_that_follow_each_other_and_are_anchored()
      throws Exception {
    store.append("a", 10).seal();

    assertThat(store.number("SELECT count(*) FROM event_store.checkpoint")).isEqualTo(3);
    assertThat(store.number("SELECT max(size) FROM event_store.checkpoint")).isEqualTo(10);
    assertThat(Files.readAllLines(store.anchorFile)).hasSize(3);
  }

  @Test
  void a_sealer_goes_on_where_the_last_one_ended() throws Exception {
    store.append("a", 6).seal();
    store.append("a", 3).append("b", 4).seal();

    Verification found = store.verify();
    assertThat(found.intact()).as("%s", found).isTrue();
    assertThat(found.sealedThrough()).isEqualTo(13);
    assertThat(store.number("SELECT max(size) FROM event_store.checkpoint")).isEqualTo(13);
  }

  @Test
  void a_checkpoint_that_a_crash_kept_from_the_anchor_is_anchored_later() throws Exception {
    store.append("a", 8).seal();
    var lines = Files.readAllLines(store.anchorFile);
    Files.write(store.anchorFile, lines.subList(0, 1));

    store.startSealer();

    await()
        .atMost(LIMIT)
        .untilAsserted(
            () ->
                assertThat(Files.readAllLines(store.anchorFile))
                    .containsExactly(lines.getFirst(), lines.getLast()));
  }

  @Test
  void several_sealers_make_one_history_while_leaders_die() throws Exception {
    store.startSealer();
    store.startSealer();
    store.startSealer();
    for (int i = 0; i < 5; i++) {
      store.append("a", 10).append("b-" + i, 3);
      store.execute(
          """
          SELECT pg_terminate_backend(pid) FROM pg_locks
          WHERE locktype = 'advisory' AND granted AND objsubid = 2
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          """);
    }
    store.awaitSealed();

    Verification found = store.verify();
    assertThat(found.intact()).as("%s", found).isTrue();
    assertThat(found.sealedThrough()).isEqualTo(65);
    assertThat(found.events()).isEqualTo(65);
  }

  @Test
  void a_store_is_verified_while_it_is_written_to() throws Exception {
    store.startSealer();
    var traffic = new AtomicBoolean(true);
    var writer =
        CompletableFuture.runAsync(
            () -> {
              while (traffic.get()) {
                store.append("a", 1).append("b", 1);
              }
            });
    for (int i = 0; i < 15; i++) {
      Verification found = store.verify();
      assertThat(found.intact()).as("%s", found).isTrue();
    }
    traffic.set(false);
    writer.join();
    store.awaitSealed();
    assertThat(store.verify().intact()).isTrue();
  }

  @Test
  void a_checkpoint_can_neither_be_changed_nor_removed() {
    store.append("a", 1).seal();
    for (String change :
        new String[] {
          "UPDATE event_store.checkpoint SET note = ''",
          "DELETE FROM event_store.checkpoint",
          "TRUNCATE event_store.checkpoint"
        }) {
      assertThatThrownBy(() -> store.execute(change)).hasMessageContaining("is refused");
    }
  }

  @Test
  void two_checkpoints_cannot_follow_the_same_one() {
    store.append("a", 8).seal();
    assertThatThrownBy(
            () ->
                store.execute(
                    """
                    INSERT INTO event_store.checkpoint
                    SELECT size + 1, previous_size, first_position, position + 1, time, root,
                      frontier, entries || substr(entries, 1, 48), note
                    FROM event_store.checkpoint WHERE size = 8
                    """))
        .hasMessageContaining("checkpoint_previous");
  }

  @Test
  void a_store_that_went_back_in_time_is_not_sealed_on(CapturedOutput output) throws Exception {
    store.append("a", 8).seal();
    store.tamper(
        "DELETE FROM event_store.event WHERE position > 4",
        "DELETE FROM event_store.checkpoint WHERE position > 4");
    store.append("b", 4);

    Sealer refusing = store.startSealer();

    await().atMost(LIMIT).until(() -> output.getAll().contains("Nothing is sealed any more"));
    assertThat(output).contains("rolled_back");
    try (var watch = new AuditWatch(refusing, store.auditor())) {
      watch.look();
      assertThat(watch.found().intact()).isFalse();
    }
    assertThat(store.number("SELECT max(size) FROM event_store.checkpoint")).isEqualTo(4);
  }

  @Test
  void a_sealer_does_not_continue_what_a_key_unknown_to_it_sealed(CapturedOutput output)
      throws Exception {
    store.append("a", 4).seal();
    store.append("a", 4);

    store.startSealer(NoteSigner.of("skreaver", NoteSigner.newKey()), folder.resolve("other"));

    await().atMost(LIMIT).until(() -> output.getAll().contains("checkpoint_invalid"));
    assertThat(store.number("SELECT max(size) FROM event_store.checkpoint")).isEqualTo(4);
  }

  @Test
  void a_history_that_was_written_anew_beside_its_last_checkpoint_is_not_sealed_on()
      throws Exception {
    store.append("a", 12).seal();
    store.tamper(
        "DELETE FROM event_store.event WHERE position > 4",
        "DELETE FROM event_store.checkpoint WHERE size = 8",
        """
        UPDATE event_store.checkpoint
        SET position = 3, previous_size = 11, entries = substr(entries, 1, 48) WHERE size = 12
        """);
    store.append("b", 3);

    Sealer refusing = store.startSealer();

    await().atMost(LIMIT).until(refusing::refused);
    assertThat(store.number("SELECT count(*) FROM event_store.checkpoint")).isEqualTo(2);
  }

  @Test
  void no_event_is_passed_over_behind_a_checkpoint_that_was_moved(CapturedOutput output)
      throws Exception {
    store.append("a", 8).seal();
    store.append("a", 4);
    store.tamper("UPDATE event_store.checkpoint SET position = 10 WHERE size = 8");

    Sealer refusing = store.startSealer(store.signer, null);

    await().atMost(LIMIT).until(refusing::refused);
    assertThat(output).contains("its last event is not at its position");
    assertThat(store.number("SELECT max(size) FROM event_store.checkpoint")).isEqualTo(8);
  }

  @Test
  void an_event_of_a_time_that_is_infinitely_far_away_is_sealed_as_others_are() {
    store.append("a", 2);
    store.tamper("UPDATE event_store.event SET time = 'infinity' WHERE position = 2");
    store.append("a", 2).seal();

    assertThat(store.verify()).isEqualTo(new Verification(true, 1, 4, 4, 1, 0, 4, null, null));
  }

  @Test
  void an_event_that_cannot_be_sealed_counts_as_not_intact(CapturedOutput output) {
    store.append("a", 2);
    store.tamper(
        "ALTER TABLE event_store.event DROP CONSTRAINT event_leaf_check",
        "UPDATE event_store.event SET leaf = '\\x00' WHERE position = 2");

    Sealer failing = store.startSealer();

    await().atMost(LIMIT).until(failing::refused);
    assertThat(output).contains("the leaf at position 2 has 1 bytes");
  }

  @Test
  void a_checkpoint_that_stands_in_the_way_of_the_next_counts_as_not_intact(CapturedOutput output) {
    store.append("a", 4).seal();
    store.append("a", 2);
    store.tamper(
        "ALTER TABLE event_store.checkpoint DROP CONSTRAINT checkpoint_grows",
        """
        INSERT INTO event_store.checkpoint
        SELECT 3, 4, first_position, 3, time, root, frontier, entries, note
        FROM event_store.checkpoint
        """);

    Sealer failing = store.startSealer();

    await().atMost(LIMIT).until(failing::refused);
    assertThat(output).contains("Nothing can be sealed", "checkpoint_previous");
  }

  @Test
  void a_check_that_the_store_lets_nobody_make_counts_as_not_intact_until_one_is_made(
      CapturedOutput output) {
    Sealer sealer = store.append("a", 8).startSealer();
    store.awaitSealed();
    try (var watch = new AuditWatch(sealer, store.auditor())) {
      store.tamper("ALTER TABLE event_store.subject_key RENAME COLUMN erasure TO away");
      watch.look();
      assertThat(watch.found().intact()).isFalse();
      assertThat(output).contains("cannot be verified, which counts as not intact");

      store.tamper("ALTER TABLE event_store.subject_key RENAME COLUMN away TO erasure");
      watch.look();
      assertThat(watch.found()).isEqualTo(new AuditWatch.Found(true, 8));
    }
  }

  @Test
  void a_store_that_is_away_says_nothing_about_whether_it_is_intact() {
    Sealer sealer = store.append("a", 8).startSealer();
    store.awaitSealed();
    Auditor cutOff =
        store.auditor(
            1,
            () -> {
              throw new SQLException("the connection broke", "08006");
            });
    try (var watch = new AuditWatch(sealer, cutOff)) {
      watch.look();

      assertThat(watch.found().intact()).isTrue();
    }
  }

  @Test
  void the_watch_goes_on_behind_a_key_that_was_destroyed(CapturedOutput output) throws Exception {
    Sealer sealer = store.append("a", 8).startSealer();
    store.awaitSealed();
    store.destroyKey(0);
    try (var watch = new AuditWatch(sealer, store.auditor())) {
      watch.look();
      assertThat(output).contains("not intact from position 1 on: key_destroyed");

      store.append("a", 4);
      store.awaitSealed();
      store.tamper("UPDATE event_store.event SET time = now() WHERE position = 11");
      watch.look();
      assertThat(watch.found()).isEqualTo(new AuditWatch.Found(false, 10));
    }
  }

  @Test
  void the_watch_tells_of_what_it_finds(CapturedOutput output) {
    Sealer sealer = store.append("a", 8).startSealer();
    store.awaitSealed();
    try (var watch = new AuditWatch(sealer, store.auditor())) {
      watch.look();
      assertThat(watch.found()).isEqualTo(new AuditWatch.Found(true, 8));

      store.append("a", 4);
      store.awaitSealed();
      store.tamper("UPDATE event_store.event SET time = now() WHERE position = 11");
      watch.look();
      assertThat(watch.found()).isEqualTo(new AuditWatch.Found(false, 10));
    }
    assertThat(output).contains("not intact from position 11 on: time_changed");
  }

  @Test
  void the_watch_looks_at_everything_again(CapturedOutput output) {
    Sealer sealer = store.append("a", 8).startSealer();
    store.awaitSealed();
    try (var watch = new AuditWatch(sealer, store.auditor(), Duration.ZERO)) {
      watch.look();
      store.tamper("UPDATE event_store.event SET time = time + interval '1s' WHERE position = 2");

      watch.look();

      assertThat(watch.found()).isEqualTo(new AuditWatch.Found(false, 1));
    }
    assertThat(output).contains("not intact from position 2 on: time_changed");
  }

  @Test
  void the_watch_finds_a_store_intact_that_was_repaired(CapturedOutput output) {
    Sealer sealer = store.append("a", 8).startSealer();
    store.awaitSealed();
    try (var watch = new AuditWatch(sealer, store.auditor(), Duration.ZERO)) {
      store.tamper("UPDATE event_store.event SET time = time + interval '1s' WHERE position = 2");
      watch.look();
      store.tamper("UPDATE event_store.event SET time = time - interval '1s' WHERE position = 2");

      watch.look();

      assertThat(watch.found()).isEqualTo(new AuditWatch.Found(true, 8));
    }
    assertThat(output).contains("not intact from position 2 on: time_changed");
  }
}
