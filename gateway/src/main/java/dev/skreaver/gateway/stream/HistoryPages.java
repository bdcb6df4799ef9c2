package dev.skreaver.gateway.stream;

import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventQueries;
import java.time.Duration;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.util.concurrent.Queues;
import reactor.util.retry.Retry;

/**
 * History from the query service, a few pages at a time for the whole gateway: when every client
 * comes back at once they take turns, and the database is not asked all of it at once.
 */
final class HistoryPages implements AutoCloseable {
  private static final int AT_ONCE = 16;
  private static final Duration SERIALIZING = Duration.ofSeconds(1);

  private final EventQueries queries;
  private final Sinks.Many<Request> requests =
      Sinks.many().unicast().onBackpressureBuffer(Queues.<Request>unboundedMultiproducer().get());
  private final Disposable worker;

  HistoryPages(EventQueries queries) {
    this.queries = queries;
    this.worker = requests.asFlux().flatMap(this::answer, AT_ONCE).subscribe();
  }

  Mono<EventQueries.History> page(EventQueries.After query) {
    return Mono.create(
        sink ->
            requests.emitNext(
                new Request(query, sink), Sinks.EmitFailureHandler.busyLooping(SERIALIZING)));
  }

  private Mono<Void> answer(Request request) {
    Mono<Void> cancelled = Mono.create(done -> request.sink().onDispose(done::success));
    return Mono.defer(() -> queries.history(request.query()))
        .retryWhen(
            Retry.backoff(5, Duration.ofMillis(200))
                .filter(failure -> !(failure instanceof Refusal refusal) || isPassing(refusal))
                .onRetryExhaustedThrow((_, signal) -> signal.failure()))
        .takeUntilOther(cancelled)
        .doOnNext(request.sink()::success)
        .doOnError(request.sink()::error)
        .onErrorComplete()
        .then();
  }

  private static boolean isPassing(Refusal refusal) {
    return refusal.code().status() >= 500;
  }

  @Override
  public void close() {
    worker.dispose();
  }

  private record Request(EventQueries.After query, MonoSink<EventQueries.History> sink) {}
}
