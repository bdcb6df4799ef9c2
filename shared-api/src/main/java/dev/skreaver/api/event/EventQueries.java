package dev.skreaver.api.event;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the query service offers about events: history for streams, search for auditors. */
@HttpExchange("/internal/events")
public interface EventQueries {
  /**
   * The next events of a tenant, or of one of its agents, straight from the event store and
   * complete: it does not depend on any projection.
   */
  @PostExchange("/history")
  Mono<History> history(@RequestBody After query);

  /** A page of the audit trail, by filters. */
  @PostExchange("/search")
  Mono<Page> search(@RequestBody Search query);

  /**
   * Every event of every tenant after a position, in order, with {@code previous} set, and then
   * each new one as it is committed. For gateways when the mesh is off or down.
   */
  @GetExchange(url = "/live", accept = MediaType.APPLICATION_NDJSON_VALUE)
  Flux<RecordedEvent> live(@RequestParam("after") long after);

  /** Where the event store's order begins and ends. */
  @GetExchange("/bounds")
  Mono<Bounds> bounds();

  /**
   * @param after only events behind this position
   * @param limit 1 to 1000
   */
  record After(TenantId tenant, @Nullable AgentId agentId, long after, int limit) {}

  /**
   * @param through all matching events up to this position are in this page or in pages before it;
   *     ask for the next page after it
   * @param earliest the first position that is still kept; 0 in an empty store
   * @param head the store's last position when this was read
   */
  record History(List<RecordedEvent> events, long through, long earliest, long head) {}

  /**
   * All filters that are given must hold.
   *
   * @param types any of these event names; all if empty
   * @param after only events behind this position
   * @param limit 1 to 1000
   */
  record Search(
      TenantId tenant,
      @Nullable AgentId agentId,
      List<String> types,
      @Nullable String actor,
      @Nullable String correlationId,
      @Nullable Instant from,
      @Nullable Instant before,
      long after,
      int limit,
      @Nullable Long minPosition) {}

  /**
   * @param next the position to ask after for the next page; null on the last
   * @param position that the answer is no older than
   */
  record Page(List<RecordedEvent> events, @Nullable Long next, long position) {}

  /** Both 0 while the store is empty. */
  record Bounds(long earliest, long head) {}
}
