package dev.skreaver.gateway.hardening;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import reactor.blockhound.BlockingOperationError;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

class EventLoopTest {
  @Test
  void blocking_on_an_event_loop_fails_every_test_of_this_module() {
    Mono<Long> blocking =
        Mono.fromCallable(
                () -> {
                  Thread.sleep(1);
                  return 1L;
                })
            .subscribeOn(Schedulers.parallel());
    assertThatThrownBy(() -> blocking.block(Duration.ofSeconds(30)))
        .hasCauseInstanceOf(BlockingOperationError.class);
  }
}
