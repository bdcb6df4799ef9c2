package dev.skreaver.query.tail;

import dev.skreaver.platform.health.ReadinessCheck;
import reactor.core.publisher.Mono;

/** Whether new events are seen. */
final class TailReadiness implements ReadinessCheck {
  private final EventTail tail;

  TailReadiness(EventTail tail) {
    this.tail = tail;
  }

  @Override
  public String name() {
    return "event_tail";
  }

  @Override
  public Mono<Finding> check() {
    return Mono.fromSupplier(
        () -> {
          EventTail.State state = tail.state();
          return state.following()
              ? Finding.healthy().with("head", tail.head())
              : Finding.unhealthy(state.detail());
        });
  }
}
