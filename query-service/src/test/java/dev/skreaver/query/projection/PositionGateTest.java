package dev.skreaver.query.projection;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

class PositionGateTest {
  private static final String NAME = "tally";
  private static final Duration LONG = Duration.ofSeconds(60);

  private final Positions positions = new Positions();
  private final PositionGate gate = new PositionGate(positions, LONG);
  private Progress progress;

  @BeforeEach
  void serve() {
    positions.register(NAME);
    progress = positions.open(new Generation(NAME, 1), 2);
    learn(7, 5);
    positions.serving(NAME).serve(progress);
  }

  private void learn(long... segments) {
    for (int segment = 0; segment < segments.length; segment++) {
      progress.learned(positions.epoch(), segment, segments[segment]);
    }
  }

  @Test
  void what_is_bound_by_the_position_ends_at_that_of_the_slowest_segment() {
    StepVerifier.create(gate.bound(NAME, null)).expectNext(5L).verifyComplete();
  }

  @Test
  void after_a_lost_connection_a_bound_waits_until_each_segment_is_known_again() {
    positions.forget();

    StepVerifier.create(gate.bound(NAME, null))
        .then(() -> learn(7))
        .then(() -> learn(7, 6))
        .expectNext(6L)
        .expectComplete()
        .verify(LONG);
  }

  @Test
  void a_projection_that_has_handled_nothing_is_bound_by_the_beginning() {
    positions.forget();
    learn(0, 0);

    StepVerifier.create(gate.bound(NAME, null)).expectNext(0L).verifyComplete();
  }

  @Test
  void who_waits_too_long_for_a_bound_is_refused() {
    positions.forget();

    StepVerifier.create(new PositionGate(positions, Duration.ZERO).bound(NAME, null))
        .expectErrorMatches(
            failure ->
                failure instanceof Refusal refusal
                    && refusal.code() == ErrorCode.READ_MODEL_UNAVAILABLE)
        .verify(LONG);
  }

  @Test
  void a_read_without_a_position_waits_for_nothing() {
    positions.forget();

    StepVerifier.create(gate.reached(NAME, null)).expectNext(0L).verifyComplete();
  }
}
