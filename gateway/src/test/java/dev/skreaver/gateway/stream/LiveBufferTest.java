package dev.skreaver.gateway.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.TenantId;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

class LiveBufferTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private final LiveBuffer buffer = new LiveBuffer(new TenantId("acme"), null, 3);

  private boolean offer(long position) {
    boolean taken = buffer.offer(new StreamItem.Progress(position), position);
    buffer.signal();
    return taken;
  }

  private static StreamItem item(long position) {
    return new StreamItem.Progress(position);
  }

  @Test
  void what_is_offered_before_and_after_the_reader_comes_arrives_in_order() {
    offer(1);
    offer(2);

    StepVerifier.create(buffer)
        .expectNext(item(1), item(2))
        .then(() -> offer(3))
        .expectNext(item(3))
        .thenCancel()
        .verify(LIMIT);
  }

  @Test
  void no_more_is_handed_down_than_was_asked_for() {
    offer(1);
    offer(2);

    StepVerifier.create(buffer, 1)
        .expectNext(item(1))
        .expectNoEvent(Duration.ofMillis(100))
        .thenRequest(1)
        .expectNext(item(2))
        .thenCancel()
        .verify(LIMIT);
  }

  @Test
  void what_does_not_fit_is_refused_and_ends_the_stream_at_what_was_handed_down() {
    buffer.goLive();
    StepVerifier.create(buffer, 1)
        .then(() -> offer(1))
        .expectNext(item(1))
        .then(
            () -> {
              assertThat(offer(2)).isTrue();
              assertThat(offer(3)).isTrue();
              assertThat(offer(4)).isTrue();
              assertThat(offer(5)).isFalse();
            })
        .expectErrorSatisfies(
            failure -> assertThat(((SlowConsumer) failure).lastPosition()).isEqualTo(1))
        .verify(LIMIT);
  }

  @Test
  void a_reader_that_comes_too_late_resumes_where_the_buffer_began() {
    buffer.cursor(7);
    buffer.goLive();
    for (long position = 8; offer(position); position++) {}

    StepVerifier.create(buffer)
        .expectErrorSatisfies(
            failure -> assertThat(((SlowConsumer) failure).lastPosition()).isEqualTo(7))
        .verify(LIMIT);
  }

  @Test
  void nothing_comes_after_the_reader_has_gone() {
    StepVerifier.create(buffer).then(() -> offer(1)).expectNext(item(1)).thenCancel().verify(LIMIT);

    assertThat(buffer.cancelled()).isTrue();
  }
}
