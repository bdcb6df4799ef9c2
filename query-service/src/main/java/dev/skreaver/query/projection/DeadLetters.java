package dev.skreaver.query.projection;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.projection.ProjectionAdmin.DeadLetter;
import dev.skreaver.query.postgres.Session;
import io.r2dbc.spi.Readable;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The events that wait because one of their agent could not be handled, in {@code
 * read_model.dead_letter}.
 */
final class DeadLetters {
  private static final int LONGEST_CAUSE = 1_000;
  private static final String SELECT =
      "SELECT id, projection, generation, sequence, position, event_type, cause, enqueued_at FROM"
          + " read_model.dead_letter ";

  private DeadLetters() {}

  /** Why an event waits. */
  record Letter(RecordedEvent event, String cause) {}

  /** What must stay in order: the agent. */
  static String sequence(RecordedEvent event) {
    return new AgentKey(event.tenant(), event.agentId()).toString();
  }

  /**
   * Which of these sequences have letters. They keep them until the session's transaction ends: a
   * retry waits for it, or this waits for the retry.
   */
  static Set<String> waiting(Session session, Generation generation, Collection<String> sequences) {
    return new HashSet<>(
        session.rows(
            "SELECT sequence FROM read_model.dead_letter WHERE projection = $1 AND generation = $2"
                + " AND sequence = ANY($3) ORDER BY sequence, position FOR SHARE",
            row -> text(row, 0),
            generation.projection(),
            generation.number(),
            sequences.toArray(String[]::new)));
  }

  /** Those of a generation that have letters. */
  static Set<String> sequences(Session session, Generation generation) {
    return new HashSet<>(
        session.rows(
            "SELECT DISTINCT sequence FROM read_model.dead_letter WHERE projection = $1 AND"
                + " generation = $2",
            row -> text(row, 0),
            generation.projection(),
            generation.number()));
  }

  static void add(Session session, Generation generation, List<Letter> letters) {
    if (letters.isEmpty()) {
      return;
    }
    session.update(
        "INSERT INTO read_model.dead_letter (projection, generation, sequence, position,"
            + " event_type, cause) SELECT $1, $2, * FROM unnest($3::text[], $4::bigint[],"
            + " $5::text[], $6::text[]) ON CONFLICT DO NOTHING",
        generation.projection(),
        generation.number(),
        letters.stream().map(letter -> sequence(letter.event)).toArray(String[]::new),
        letters.stream().map(letter -> letter.event.position()).toArray(Long[]::new),
        letters.stream().map(letter -> letter.event.type()).toArray(String[]::new),
        letters.stream().map(Letter::cause).toArray(String[]::new));
  }

  static Optional<DeadLetter> find(Session session, long id) {
    return session.rows(SELECT + "WHERE id = $1", DeadLetters::read, id).stream().findFirst();
  }

  /** The first letters of the same sequence, in order; nobody else touches them meanwhile. */
  static List<DeadLetter> lockSequence(Session session, DeadLetter of, int limit) {
    return session.rows(
        SELECT
            + "WHERE projection = $1 AND generation = $2 AND sequence = $3 ORDER BY position"
            + " LIMIT $4 FOR UPDATE",
        DeadLetters::read,
        of.projection(),
        of.generation(),
        of.sequence(),
        limit);
  }

  static void remove(Session session, List<Long> ids) {
    session.update(
        "DELETE FROM read_model.dead_letter WHERE id = ANY($1)", (Object) ids.toArray(Long[]::new));
  }

  static void failedAgain(Session session, long id, String cause) {
    session.update("UPDATE read_model.dead_letter SET cause = $2 WHERE id = $1", id, cause);
  }

  static int count(Session session, DeadLetter of) {
    return session
        .rows(
            "SELECT count(*)::int FROM read_model.dead_letter WHERE projection = $1 AND generation"
                + " = $2 AND sequence = $3",
            row -> Objects.requireNonNull(row.get(0, Integer.class)),
            of.projection(),
            of.generation(),
            of.sequence())
        .getFirst();
  }

  static List<DeadLetter> newestFirst(Session session, @Nullable Long before, int limit) {
    return session.rows(
        SELECT + "WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
        DeadLetters::read,
        before == null ? Long.class : before,
        limit);
  }

  /** An exception, short enough for a row and for a person. */
  static String cause(Throwable e) {
    String text = String.valueOf(e.getMessage()).replace('\u0000', ' ');
    String named = e.getClass().getSimpleName() + ": " + text;
    return named.length() <= LONGEST_CAUSE ? named : named.substring(0, LONGEST_CAUSE) + "…";
  }

  private static DeadLetter read(Readable row) {
    return new DeadLetter(
        Objects.requireNonNull(row.get(0, Long.class)),
        text(row, 1),
        Objects.requireNonNull(row.get(2, Integer.class)),
        text(row, 3),
        Objects.requireNonNull(row.get(4, Long.class)),
        text(row, 5),
        text(row, 6),
        Objects.requireNonNull(row.get(7, Instant.class)));
  }

  private static String text(Readable row, int column) {
    return Objects.requireNonNull(row.get(column, String.class));
  }
}
