package dev.skreaver.command.audit;

import dev.skreaver.api.audit.AuditSeals;
import dev.skreaver.api.audit.CheckpointHead;
import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.api.audit.Verification;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.JsonNode;

/** Seals over HTTP, away from the event loop, and a few at a time: each reads much. */
@RestController
final class AuditSealsEndpoint implements AuditSeals {
  private static final int AT_A_TIME = 2;

  private final Auditor auditor;
  private final @Nullable String key;
  private final Scheduler threads;
  private final Semaphore verifications = new Semaphore(AT_A_TIME);
  private final Semaphore exports = new Semaphore(AT_A_TIME);

  AuditSealsEndpoint(Auditor auditor, AuditSettings settings, ExecutorService commandThreads) {
    NoteSigner signer = settings.signer();
    this.auditor = auditor;
    this.key = signer == null ? null : signer.key().toString();
    this.threads = Schedulers.fromExecutorService(commandThreads);
  }

  @Override
  public Mono<Verification> verify(long from, @Nullable Long to) {
    return Mono.fromCallable(
            () -> {
              enter(verifications, from, to);
              try {
                return auditor.verify(from, to);
              } finally {
                verifications.release();
              }
            })
        .subscribeOn(threads);
  }

  @Override
  public Mono<LatestCheckpoint> checkpoint() {
    return Mono.fromCallable(this::latest).subscribeOn(threads);
  }

  private LatestCheckpoint latest() {
    CheckpointHead latest = auditor.latest();
    if (latest == null) {
      throw new Refusal(
          ErrorCode.CHECKPOINT_NOT_FOUND,
          key == null
              ? "Nothing is sealed here: the command service has no SKREAVER_AUDIT_SIGNING_KEY_FILE"
              : "Nothing has been sealed yet; the first event is, about a second after it is"
                  + " stored");
    }
    return new LatestCheckpoint(latest, key);
  }

  @Override
  public Flux<JsonNode> export(long from, @Nullable Long to) {
    return Flux.using(
            () -> {
              enter(exports, from, to);
              return exports;
            },
            _ -> {
              Iterator<JsonNode> lines = auditor.export(from, to);
              return Flux.fromIterable(() -> lines);
            },
            Semaphore::release)
        .subscribeOn(threads);
  }

  private static void enter(Semaphore room, long from, @Nullable Long to) {
    if (from < 0) {
      throw Refusal.invalidField("from", "must be a whole number, 0 or more");
    }
    if (to != null && to < from) {
      throw Refusal.invalidField("to", "must not be less than from");
    }
    if (!room.tryAcquire()) {
      throw new Refusal(
          ErrorCode.RATE_LIMIT_EXCEEDED,
          "The event store is being verified or exported for others; try again in 10 s",
          Map.of("retry_after_seconds", 10));
    }
  }
}
