package dev.skreaver.api.agent;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;
import reactor.core.publisher.Mono;

/** What the query service offers for agents. Every answer fails with {@code Refusal}. */
@HttpExchange("/internal/agents")
public interface AgentQueries {
  /** One agent; {@code agent_not_found} if it is not there, or deleted. */
  @PostExchange("/get")
  Mono<Found> get(@RequestBody Get query);

  /** A page of the tenant's agents. */
  @PostExchange("/list")
  Mono<Page> list(@RequestBody Find query);

  /**
   * One agent as it was at a position or a time, folded from its events; {@code agent_not_found} if
   * it was not there then.
   */
  @PostExchange("/at")
  Mono<Found> at(@RequestBody GetAt query);

  /**
   * @param minPosition wait, for a bounded time, until the read model has reached this position;
   *     {@code position_not_reached} if it does not
   */
  record Get(AgentKey agent, @Nullable Long minPosition) {}

  /** Exactly one of the two is given. */
  record GetAt(AgentKey agent, @Nullable Long position, @Nullable Instant time) {}

  /**
   * @param statuses any of these; all if empty
   * @param namePrefix letter by letter, upper and lower case are different
   * @param labels each of these
   * @param createdFrom from this time on
   * @param createdBefore up to, but not at this time
   * @param limit 1 to 200
   * @param cursor from the page before; it holds for the same filters and sort
   */
  record Find(
      TenantId tenant,
      List<AgentStatus> statuses,
      @Nullable AgentType agentType,
      @Nullable String namePrefix,
      Map<String, String> labels,
      @Nullable Instant createdFrom,
      @Nullable Instant createdBefore,
      Sort sort,
      boolean descending,
      int limit,
      @Nullable String cursor,
      @Nullable Long minPosition) {}

  /**
   * Ties are broken by the agent's id. Pages by what cannot change, {@link #CREATED_AT} and {@link
   * #AGENT_ID}, show every agent that is there all the while exactly once; by the others, one that
   * changes between two pages may be shown twice or not at all.
   */
  enum Sort {
    CREATED_AT,
    LAST_ACTIVITY,
    /** In the order of code points; without a name as with an empty one. */
    NAME,
    AGENT_ID
  }

  /**
   * @param position that the answer is no older than
   */
  record Found(AgentView agent, long position) {}

  /**
   * @param total how many agents match the filters, on all pages
   * @param nextCursor null on the last page
   */
  record Page(List<AgentView> agents, long total, @Nullable String nextCursor, long position) {}
}
