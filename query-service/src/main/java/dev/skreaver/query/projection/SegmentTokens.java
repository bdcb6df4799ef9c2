package dev.skreaver.query.projection;

import dev.skreaver.query.postgres.Session;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.R2dbcException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far each segment of one generation is and who owns it, in {@code
 * read_model.projection_token}. What another instance has taken over cannot be written any more:
 * the transaction that tries is rolled back.
 */
final class SegmentTokens {
  /** SQL state of {@code read_model.advance}. */
  private static final String LOST = "SK001";

  private static final String GENERATION = "projection = $1 AND generation = $2";
  private static final Logger log = LoggerFactory.getLogger(SegmentTokens.class);

  private final ConnectionFactory readModel;
  private final Generation generation;
  private final String instance;

  SegmentTokens(ConnectionFactory readModel, Generation generation, String instance) {
    this.readModel = readModel;
    this.generation = generation;
    this.instance = instance;
  }

  /**
   * @param own whether this instance owns it
   */
  record Token(int segment, long position, boolean own) {
    boolean owns(int number) {
      return own && segment == number;
    }
  }

  /**
   * Gives back what is more than a fair share, and takes what is nobody's up to that share.
   *
   * @return all segments, by number
   */
  List<Token> share(int fair) {
    return Session.inTransaction(
        readModel,
        session -> {
          List<Token> now = all(session);
          int[] own = now.stream().filter(Token::own).mapToInt(Token::segment).toArray();
          if (own.length > fair) {
            release(session, Arrays.copyOfRange(own, fair, own.length));
          } else if (own.length < fair && own.length < now.size()) {
            claim(session, fair - own.length);
          } else {
            return now;
          }
          return all(session);
        });
  }

  private List<Token> all(Session session) {
    return session.rows(
        "SELECT segment, position, owner IS NOT DISTINCT FROM $3 FROM read_model.projection_token"
            + " WHERE "
            + GENERATION
            + " ORDER BY segment",
        row ->
            new Token(
                Objects.requireNonNull(row.get(0, Integer.class)),
                Objects.requireNonNull(row.get(1, Long.class)),
                Boolean.TRUE.equals(row.get(2, Boolean.class))),
        generation.projection(),
        generation.number(),
        instance);
  }

  private void claim(Session session, int limit) {
    session.update(
        "UPDATE read_model.projection_token SET owner = $3 WHERE "
            + GENERATION
            + " AND segment IN (SELECT segment FROM read_model.projection_token WHERE "
            + GENERATION
            + " AND owner IS DISTINCT FROM $3 AND NOT EXISTS (SELECT FROM read_model.instance i"
            + " WHERE i.id = owner AND i.seen_at > clock_timestamp() - $4 * interval '1 second')"
            + " ORDER BY segment LIMIT $5 FOR UPDATE SKIP LOCKED)",
        generation.projection(),
        generation.number(),
        instance,
        Instances.LIVENESS.toSeconds(),
        limit);
  }

  private void release(Session session, int[] segments) {
    session.update(
        "UPDATE read_model.projection_token SET owner = NULL WHERE "
            + GENERATION
            + " AND owner = $3 AND segment = ANY($4)",
        generation.projection(),
        generation.number(),
        instance,
        Arrays.stream(segments).boxed().toArray(Integer[]::new));
  }

  void releaseAll() {
    Session.inTransaction(
        readModel,
        session -> {
          release(session, all(session).stream().mapToInt(Token::segment).toArray());
          return true;
        });
  }

  /** The last statement before the commit of what was written of these segments. */
  Publisher<?> advance(Connection connection, Collection<Segment> segments, long to) {
    return Session.rows(
        connection,
        "SELECT read_model.advance($1, $2, $3, $4, $5, $6)",
        row -> true,
        generation.projection(),
        generation.number(),
        instance,
        segments.stream().map(Segment::number).toArray(Integer[]::new),
        segments.stream().map(Segment::stored).toArray(Long[]::new),
        to);
  }

  /** Whether {@link #advance} has refused. */
  static boolean lost(RuntimeException failure) {
    return failure instanceof R2dbcException refused && LOST.equals(refused.getSqlState());
  }

  /** Makes a failure visible to operators, in a transaction of its own; a success clears it. */
  void failed(Collection<Segment> segments, String error) {
    try {
      Session.inTransaction(
          readModel,
          session ->
              session.update(
                  "UPDATE read_model.projection_token SET error = $5 WHERE "
                      + GENERATION
                      + " AND owner = $3 AND segment = ANY($4)",
                  generation.projection(),
                  generation.number(),
                  instance,
                  segments.stream().map(Segment::number).toArray(Integer[]::new),
                  error));
    } catch (RuntimeException e) {
      log.warn("The failure of {} could not be recorded: {}", generation, e.getMessage());
    }
  }
}
