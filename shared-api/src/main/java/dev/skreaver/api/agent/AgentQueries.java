package dev.skreaver.api.agent;

import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.event.RecordedEvent.Actor;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

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
   * A page of the tenant's agents as they were, folded from their events: those that were there
   * then, whatever became of them.
   */
  @PostExchange("/list-at")
  Mono<PastPage> listAt(@RequestBody FindAt query);

  /**
   * What happened to an agent between two moments, and what it changed; {@code agent_not_found} if
   * nothing had ever happened to it by then.
   */
  @PostExchange("/diff")
  Mono<Difference> diff(@RequestBody Compare query);

  /**
   * @param minPosition wait, for a bounded time, until the read model has reached this position;
   *     {@code position_not_reached} if it does not
   */
  record Get(AgentKey agent, @Nullable Long minPosition) {}

  /** Exactly one of the two is given. */
  record GetAt(AgentKey agent, @Nullable Long position, @Nullable Instant time) {}

  /**
   * A point of history: exactly one of the two is given. A time is cut to microseconds, which are
   * the finest that events know.
   */
  record Moment(@Nullable Long position, @Nullable Instant time) {
    public Moment {
      time = time == null ? null : time.truncatedTo(ChronoUnit.MICROS);
    }

    /** Whether an event of an agent had happened by then, if all before it had. */
    public boolean includes(RecordedEvent event) {
      if (position != null) {
        return event.position() <= position;
      }
      return time != null && !event.time().isAfter(time);
    }

    /** Whether it lies behind another moment of the same kind. */
    public boolean isAfter(Moment other) {
      if (position != null && other.position != null) {
        return position > other.position;
      }
      return time != null && other.time != null && time.isAfter(other.time);
    }
  }

  /**
   * @param agents which of them, in which order; only {@link Sort#CREATED_AT} and {@link
   *     Sort#AGENT_ID} can be had, and the position to wait for does not matter
   */
  record FindAt(Find agents, Moment at) {}

  /**
   * Both moments are positions, or both are times.
   *
   * @param from null for before everything
   * @param to null for now
   */
  record Compare(AgentKey agent, @Nullable Moment from, @Nullable Moment to) {}

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

  /**
   * A page that looked at many agents and found few of them to match may be short, even empty, and
   * yet have a next one.
   *
   * @param erased agents of this page that were there but cannot be shown, nor compared with the
   *     filters, because the content of their events was erased
   * @param nextCursor null on the last page
   * @param position that all pages of this walk show no event after
   */
  record PastPage(
      List<AgentView> agents, List<AgentId> erased, @Nullable String nextCursor, long position) {}

  /**
   * @param before null if it was not there then
   * @param after null if it was not there then
   * @param changes in the order of the members; {@code state} is left out, which is made of others
   * @param events what happened after the one moment and up to the other, in order, the first 1000
   * @param next the position after which the events go on that are not shown; null if there are
   *     none
   * @param position that the answer is no older than
   */
  record Difference(
      AgentId agentId,
      @Nullable AgentView before,
      @Nullable AgentView after,
      List<Change> changes,
      List<Happening> events,
      @Nullable Long next,
      long position) {}

  /**
   * A member that is not the same. Objects are compared member by member, lists as a whole.
   *
   * @param path a JSON pointer (RFC 6901) into the agent
   * @param from null if it was not there
   * @param to null if it is not there any more
   */
  record Change(String path, @Nullable JsonNode from, @Nullable JsonNode to) {}

  /** An event without its content. */
  record Happening(
      long position, UUID eventId, String type, long version, Instant time, Actor actor) {}
}
