package dev.skreaver.query.projection;

import dev.skreaver.query.postgres.Session;
import io.r2dbc.spi.ConnectionFactory;
import java.util.List;
import java.util.Objects;
import org.axonframework.eventhandling.GlobalSequenceTrackingToken;
import org.axonframework.eventhandling.TrackingToken;
import org.axonframework.eventhandling.tokenstore.TokenStore;
import org.axonframework.eventhandling.tokenstore.UnableToClaimTokenException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far each segment is and who owns it, in {@code read_model.projection_token}. Works in the
 * transaction of the thread. A segment that another instance has taken over cannot be written any
 * more: the batch that tries is rolled back.
 */
final class SegmentTokens implements TokenStore {
  private static final String SEGMENT = "projection = $1 AND generation = $2 AND segment = $3";
  private static final Logger log = LoggerFactory.getLogger(SegmentTokens.class);

  private final R2dbcTransactions transactions;
  private final ConnectionFactory readModel;
  private final Positions positions;
  private final String instance;

  SegmentTokens(
      R2dbcTransactions transactions,
      ConnectionFactory readModel,
      Positions positions,
      String instance) {
    this.transactions = transactions;
    this.readModel = readModel;
    this.positions = positions;
    this.instance = instance;
  }

  @Override
  public void storeToken(@Nullable TrackingToken token, String processor, int segment) {
    Generation generation = Generation.parse(processor);
    long position = ((GlobalSequenceTrackingToken) Objects.requireNonNull(token)).getGlobalIndex();
    long written =
        transactions
            .session()
            .update(
                "UPDATE read_model.projection_token SET position = $4, error = NULL WHERE "
                    + SEGMENT
                    + " AND owner = $5 AND position <= $4",
                generation.projection(),
                generation.number(),
                segment,
                position,
                instance);
    if (written == 0) {
      throw lost(processor, segment);
    }
    Progress progress = positions.get(generation);
    transactions.afterCommit(() -> progress.committed(segment, position));
  }

  @Override
  public TrackingToken fetchToken(String processor, int segment) {
    Generation generation = Generation.parse(processor);
    List<Long> position =
        transactions
            .session()
            .rows(
                "UPDATE read_model.projection_token SET owner = $4 WHERE "
                    + SEGMENT
                    + " AND (owner IS NULL OR owner = $4 OR NOT EXISTS (SELECT FROM"
                    + " read_model.instance i WHERE i.id = owner AND i.seen_at > clock_timestamp()"
                    + " - $5 * interval '1 second')) RETURNING position",
                row -> Objects.requireNonNull(row.get(0, Long.class)),
                generation.projection(),
                generation.number(),
                segment,
                instance,
                Instances.LIVENESS.toSeconds());
    if (position.isEmpty()) {
      throw lost(processor, segment);
    }
    positions.get(generation).claimed(segment, position.getFirst());
    return new GlobalSequenceTrackingToken(position.getFirst());
  }

  /** The instance's sign of life holds all its claims; here it only learns of a lost one. */
  @Override
  public void extendClaim(String processor, int segment) {
    Generation generation = Generation.parse(processor);
    if (transactions
        .session()
        .rows(
            "SELECT 1 FROM read_model.projection_token WHERE " + SEGMENT + " AND owner = $4",
            row -> 1,
            generation.projection(),
            generation.number(),
            segment,
            instance)
        .isEmpty()) {
      throw lost(processor, segment);
    }
  }

  @Override
  public void releaseClaim(String processor, int segment) {
    Generation generation = Generation.parse(processor);
    transactions
        .session()
        .update(
            "UPDATE read_model.projection_token SET owner = NULL WHERE "
                + SEGMENT
                + " AND owner = $4",
            generation.projection(),
            generation.number(),
            segment,
            instance);
  }

  @Override
  public int[] fetchSegments(String processor) {
    Generation generation = Generation.parse(processor);
    return transactions
        .session()
        .rows(
            "SELECT segment FROM read_model.projection_token WHERE projection = $1 AND generation ="
                + " $2 ORDER BY segment",
            row -> Objects.requireNonNull(row.get(0, Integer.class)),
            generation.projection(),
            generation.number())
        .stream()
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Makes a failure visible to operators, in a transaction of its own; a success clears it. */
  void failed(Generation generation, int segment, String error) {
    try {
      Session.inTransaction(
          readModel,
          session ->
              session.update(
                  "UPDATE read_model.projection_token SET error = $4 WHERE "
                      + SEGMENT
                      + " AND owner = $5",
                  generation.projection(),
                  generation.number(),
                  segment,
                  error,
                  instance));
    } catch (RuntimeException e) {
      log.warn("The failure of {} could not be recorded: {}", generation, e.getMessage());
    }
  }

  private static UnableToClaimTokenException lost(String processor, int segment) {
    return new UnableToClaimTokenException(
        "segment %d of %s belongs to another instance, or is gone".formatted(segment, processor));
  }
}
