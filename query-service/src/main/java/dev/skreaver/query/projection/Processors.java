package dev.skreaver.query.projection;

import dev.skreaver.query.tail.EventTail;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.axonframework.eventhandling.GlobalSequenceTrackingToken;
import org.axonframework.eventhandling.pooled.PooledStreamingEventProcessor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The processors that run in this instance, one for each generation that is live or being built.
 */
final class Processors {
  private static final int BATCH = 1_000;
  private static final Duration CLAIMING = Duration.ofSeconds(1);
  private static final Duration STOPPING = Duration.ofSeconds(15);
  private static final Logger log = LoggerFactory.getLogger(Processors.class);

  private final EventTail tail;
  private final Positions positions;
  private final R2dbcTransactions transactions;
  private final SegmentTokens tokens;
  private final Instances instances;
  private final Map<Generation, Running> running = new ConcurrentHashMap<>();

  Processors(
      EventTail tail,
      Positions positions,
      R2dbcTransactions transactions,
      SegmentTokens tokens,
      Instances instances) {
    this.tail = tail;
    this.positions = positions;
    this.transactions = transactions;
    this.tokens = tokens;
    this.instances = instances;
  }

  private record Running(
      PooledStreamingEventProcessor processor,
      ScheduledExecutorService coordinator,
      ScheduledExecutorService workers) {

    void stop() {
      CompletableFuture<Void> stopped = processor.shutdownAsync();
      try {
        stopped.get(STOPPING.toMillis(), TimeUnit.MILLISECONDS);
      } catch (ExecutionException | TimeoutException e) {
        log.warn("Processor {} did not stop in order", processor.getName(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        coordinator.shutdownNow();
        workers.shutdownNow();
      }
    }
  }

  Set<Generation> running() {
    return Set.copyOf(running.keySet());
  }

  void start(Generation generation, BatchWriter<?> writer) {
    Progress progress = positions.get(generation);
    ScheduledExecutorService coordinator = threads(generation + "-coordinator-", 1);
    ScheduledExecutorService workers = threads(generation + "-segment-", progress.segments());
    PooledStreamingEventProcessor processor =
        PooledStreamingEventProcessor.builder()
            .name(generation.toString())
            .eventHandlerInvoker(new SegmentEvents(progress, writer, transactions, tokens))
            .messageSource(tail)
            .tokenStore(tokens)
            .transactionManager(transactions)
            .coordinatorExecutor(coordinator)
            .workerExecutor(workers)
            .initialSegmentCount(progress.segments())
            .initialToken(source -> new GlobalSequenceTrackingToken(0))
            .maxSegmentProvider(name -> instances.share(progress.segments()))
            .tokenClaimInterval(CLAIMING.toMillis())
            .claimExtensionThreshold(CLAIMING.toMillis())
            .batchSize(BATCH)
            .build();
    var started = new Running(processor, coordinator, workers);
    try {
      processor.start();
      running.put(generation, started);
    } catch (RuntimeException e) {
      started.stop();
      throw e;
    }
  }

  void stop(Generation generation) {
    Running stopped = running.remove(generation);
    if (stopped != null) {
      stopped.stop();
    }
  }

  /** Whether the processor could not even read events at its last try. */
  boolean failing(Generation generation) {
    Running found = running.get(generation);
    return found != null && found.processor.isError();
  }

  private static ScheduledExecutorService threads(String name, int count) {
    return Executors.newScheduledThreadPool(count, Thread.ofVirtual().name(name, 0).factory());
  }
}
