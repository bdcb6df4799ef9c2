package dev.skreaver.query.agent;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries.Find;
import dev.skreaver.api.agent.AgentQueries.FindAt;
import dev.skreaver.api.agent.AgentQueries.PastPage;
import dev.skreaver.api.agent.AgentQueries.Sort;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventQueries.Bounds;
import dev.skreaver.api.event.PastAgent;
import dev.skreaver.query.read.Unavailable;
import dev.skreaver.query.read.Where;
import io.r2dbc.spi.Readable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A tenant's agents as they were. No read model knows the past, so a page is made of the event
 * store: the first events say which agents there were, in order; then one agent after the other is
 * folded from its own events, until the page is full. A page holds in memory what it shows.
 */
@Component
final class PastFleet {
  /** Folding is all the work there is; filters that hardly match would make a page endless. */
  static final int EXAMINED = 500;

  /** Half of the connections for the past: one page shall not keep all others waiting. */
  private static final int AT_ONCE = 2;

  private final DatabaseClient past;
  private final AgentHistory history;
  private final Moments moments;

  PastFleet(@Qualifier("pastClient") DatabaseClient past, AgentHistory history, Moments moments) {
    this.past = past;
    this.history = history;
    this.moments = moments;
  }

  /** An agent's first event. */
  private record Beginning(AgentId agent, Instant time) {
    AgentCursor cursor(Sort sort, long through) {
      return new AgentCursor(
          sort == Sort.AGENT_ID ? agent.value() : time.toString(), agent, through);
    }
  }

  private record Examined(Beginning beginning, PastAgent past) {}

  Mono<PastPage> page(FindAt query) {
    checkSort(query.agents().sort());
    AgentCursor cursor = AgentCursor.of(query.agents(), query.at());
    return moments
        .within("at", query.at())
        .flatMap(bounds -> requireAllEvents(bounds).then(page(query, cursor, bounds.head())));
  }

  /** An agent whose first event is not there would be left out without a word. */
  private static Mono<Void> requireAllEvents(Bounds bounds) {
    return bounds.earliest() <= 1
        ? Mono.empty()
        : Mono.error(
            new Refusal(
                ErrorCode.POSITION_NOT_KEPT,
                "Events before %d are archived; restore the archive to see the fleet of the past"
                    .formatted(bounds.earliest()),
                Map.of("earliest", bounds.earliest())));
  }

  private static void checkSort(Sort sort) {
    if (sort != Sort.CREATED_AT && sort != Sort.AGENT_ID) {
      throw Refusal.invalidField(
          "sort",
          "with 'at' it must be created_at or agent_id: anything else would need the whole fleet"
              + " for each page");
    }
  }

  private Mono<PastPage> page(FindAt query, @Nullable AgentCursor cursor, long head) {
    long through = through(query, cursor, head);
    return beginnings(query, cursor, through)
        .collectList()
        .flatMap(
            found -> {
              boolean all = found.size() <= EXAMINED;
              var page = new Page(query, through);
              return Flux.fromIterable(all ? found : found.subList(0, EXAMINED))
                  .flatMapSequential(beginning -> examine(query, beginning, through), AT_ONCE, 1)
                  .takeUntil(page::add)
                  .then(Mono.fromSupplier(() -> page.end(all)));
            });
  }

  /** Where a walk by time began to look is where its later pages look too. */
  private static long through(FindAt query, @Nullable AgentCursor cursor, long head) {
    if (query.at().position() != null) {
      return query.at().position();
    }
    return cursor == null ? head : Objects.requireNonNull(cursor.through());
  }

  private Mono<Examined> examine(FindAt query, Beginning beginning, long through) {
    return history
        .of(new AgentKey(query.agents().tenant(), beginning.agent()), through, query.at().time())
        .reduce(PastAgent.NONE, moments::after)
        .map(past -> new Examined(beginning, past))
        .onErrorMap(Moments::unreadable);
  }

  /** One more than are examined, if there are more. */
  private Flux<Beginning> beginnings(FindAt query, @Nullable AgentCursor cursor, long through) {
    Find find = query.agents();
    boolean byId = find.sort() == Sort.AGENT_ID;
    String id = "agent_id COLLATE \"C\"";
    var where =
        new Where()
            .and("tenant = :tenant AND version = 0", "tenant", find.tenant().value())
            .and("position <= :through", "through", through)
            .and("time <= :time", "time", query.at().time())
            .and("time >= :created_from", "created_from", find.createdFrom())
            .and("time < :created_before", "created_before", find.createdBefore());
    if (cursor != null) {
      String side = find.descending() ? "<" : ">";
      where.and(
          byId
              ? "%s %s :key".formatted(id, side)
              : "(time, %s) %s (:key, :key_agent)".formatted(id, side),
          "key",
          cursor.comparable(find.sort()));
      if (!byId) {
        where.with("key_agent", cursor.agentId().value());
      }
    }
    String direction = find.descending() ? " DESC" : "";
    return where
        .with("rows", EXAMINED + 1)
        .bind(
            past.sql(
                "SELECT agent_id, time FROM event_store.recorded_event WHERE %s ORDER BY %s LIMIT :rows"
                    .formatted(
                        where.sql(),
                        byId ? id + direction : "time%2$s, %1$s%2$s".formatted(id, direction))))
        .map(PastFleet::beginning)
        .all()
        .onErrorMap(Unavailable::past);
  }

  private static Beginning beginning(Readable row) {
    return new Beginning(
        new AgentId(Objects.requireNonNull(row.get("agent_id", String.class))),
        Objects.requireNonNull(row.get("time", Instant.class)));
  }

  /** What is found while agents are examined in their order. */
  private static final class Page {
    private final FindAt query;
    private final long through;
    private final List<AgentView> agents = new ArrayList<>();
    private final List<AgentId> erased = new ArrayList<>();
    private @Nullable Beginning last;
    private boolean full;

    Page(FindAt query, long through) {
      this.query = query;
      this.through = through;
    }

    /**
     * @return whether this agent is the first of the next page
     */
    boolean add(Examined examined) {
      AgentView agent = examined.past().agent();
      boolean matches = agent != null && matches(query.agents(), agent);
      if (matches && agents.size() == query.agents().limit()) {
        full = true;
        return true;
      }
      if (matches) {
        agents.add(agent);
      } else if (examined.past().erased() != null) {
        erased.add(examined.beginning().agent());
      }
      last = examined.beginning();
      return false;
    }

    /**
     * @param all whether there was nothing more to examine
     */
    PastPage end(boolean all) {
      boolean more = full || !all;
      return new PastPage(
          agents,
          erased,
          more && last != null
              ? last.cursor(query.agents().sort(), through).encode(query.agents(), query.at())
              : null,
          through);
    }
  }

  static boolean matches(Find find, AgentView agent) {
    String prefix = find.namePrefix();
    return (find.statuses().isEmpty() || find.statuses().contains(agent.status()))
        && (find.agentType() == null || find.agentType().equals(agent.agentType()))
        && (prefix == null
            || prefix.isEmpty()
            || (agent.name() != null && agent.name().startsWith(prefix)))
        && agent.labels().entrySet().containsAll(find.labels().entrySet());
  }
}
