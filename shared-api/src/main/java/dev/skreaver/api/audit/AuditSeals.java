package dev.skreaver.api.audit;

import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.HttpExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/** What the command service, which seals the event store, offers to auditors. */
@HttpExchange("/internal/audit")
public interface AuditSeals {
  /**
   * Checks the store between two positions, for a bounded time: {@link Verification#next} says
   * where to go on. {@code rate_limit_exceeded} while others are being answered.
   *
   * @param to up to the end, if null
   */
  @GetExchange("/verify")
  Mono<Verification> verify(
      @RequestParam("from") long from,
      @RequestParam(name = "to", required = false) @Nullable Long to);

  /** The last checkpoint; {@code checkpoint_not_found} while nothing was sealed. */
  @GetExchange("/checkpoint")
  Mono<LatestCheckpoint> checkpoint();

  /**
   * The lines of an export, as {@link AuditExport} reads them.
   *
   * @param to up to the end, if null
   */
  @GetExchange(url = "/export", accept = MediaType.APPLICATION_NDJSON_VALUE)
  Flux<JsonNode> export(
      @RequestParam("from") long from,
      @RequestParam(name = "to", required = false) @Nullable Long to);

  /**
   * @param key that signs now, in the text form of C2SP signed-note; null where this instance does
   *     not seal
   */
  record LatestCheckpoint(CheckpointHead checkpoint, @Nullable String key) {}
}
