package dev.skreaver.gateway.hardening;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.gateway.RunningGateway;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.blockhound.BlockingOperationError;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class EventLoopTest {
  private static void blocksIn(Scheduler scheduler) {
    Mono<Long> blocking =
        Mono.fromCallable(
                () -> {
                  Thread.sleep(1);
                  return 1L;
                })
            .subscribeOn(scheduler);
    assertThatThrownBy(() -> blocking.block(Duration.ofSeconds(30)))
        .hasCauseInstanceOf(BlockingOperationError.class);
  }

  @Test
  void blocking_where_reactor_works_fails_every_test_of_this_module() {
    blocksIn(Schedulers.parallel());
  }

  @Test
  void blocking_on_an_event_loop_of_the_gateway_fails_every_test_of_this_module() {
    var resources =
        RunningGateway.shared().bean("reactorResourceFactory", ReactorResourceFactory.class);

    blocksIn(Schedulers.fromExecutorService(resources.getLoopResources().onServer(true)));
  }
}
