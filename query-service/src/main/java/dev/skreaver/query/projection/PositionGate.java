package dev.skreaver.query.projection;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Lets a query wait until a read model shows the caller's own writes. */
public final class PositionGate {
  private final Positions positions;
  private final Duration patience;

  PositionGate(Positions positions, Duration patience) {
    this.positions = positions;
    this.patience = patience;
  }

  /**
   * Waits, for a bounded time, until the serving generation of a projection has handled all events
   * up to a position.
   *
   * @param minPosition null to wait for nothing
   * @return the position that an answer read from now on is no older than; fails with {@code
   *     position_not_reached}
   */
  public Mono<Long> reached(String projection, @Nullable Long minPosition) {
    return Mono.defer(
        () -> {
          ServingPosition serving = positions.serving(projection);
          return begun(projection, serving)
              .then(
                  Mono.defer(
                      () ->
                          minPosition == null
                              ? Mono.just(serving.position())
                              : reached(serving, minPosition)));
        });
  }

  /**
   * The same for what is shown up to the position and no further: it is not taken for the beginning
   * while it is not known, as after a connection was lost.
   */
  public Mono<Long> bound(String projection, @Nullable Long minPosition) {
    return Mono.defer(
        () -> {
          ServingPosition serving = positions.serving(projection);
          return begun(projection, serving)
              .then(serving.reached(0).timeout(patience, Mono.error(() -> notKnown(projection))))
              .flatMap(
                  known -> minPosition == null ? Mono.just(known) : reached(serving, minPosition));
        });
  }

  private Mono<Void> begun(String projection, ServingPosition serving) {
    return serving.serving() != null
        ? Mono.empty()
        : serving.begun().timeout(patience, Mono.error(() -> notComplete(projection)));
  }

  private Mono<Long> reached(ServingPosition serving, long minPosition) {
    return serving
        .reached(minPosition)
        .timeout(patience, Mono.error(() -> notReached(minPosition, serving.position())));
  }

  private static Refusal notComplete(String projection) {
    return new Refusal(
        ErrorCode.READ_MODEL_UNAVAILABLE,
        "The read model '%s' is not complete yet; try again after a moment".formatted(projection));
  }

  private static Refusal notKnown(String projection) {
    return new Refusal(
        ErrorCode.READ_MODEL_UNAVAILABLE,
        "How far the read model '%s' is cannot be told just now; try again after a moment"
            .formatted(projection));
  }

  private Refusal notReached(long wanted, long reached) {
    return new Refusal(
        ErrorCode.POSITION_NOT_REACHED,
        ("The read model is at position %d and did not reach %d within %d ms; try again after a"
                + " moment, or ask without a position for what there is")
            .formatted(reached, wanted, patience.toMillis()),
        Map.of("position", wanted, "reached", reached));
  }
}
