package dev.skreaver.query.agent;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.UnknownEventException;
import dev.skreaver.query.audit.EventHistory;
import dev.skreaver.query.projection.PositionGate;
import dev.skreaver.query.read.QueryInput;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** Agents as they are, from the read model, and as they were, from their events. */
@RestController
public class AgentQueriesEndpoint implements AgentQueries {
  private static final int MAX_LIMIT = 200;

  private final PositionGate gate;
  private final AgentRows agents;
  private final EventHistory history;

  AgentQueriesEndpoint(PositionGate gate, AgentRows agents, EventHistory history) {
    this.gate = gate;
    this.agents = agents;
    this.history = history;
  }

  @Override
  public Mono<Found> get(Get query) {
    return reached(query.minPosition())
        .flatMap(position -> agents.find(query.agent()).map(agent -> new Found(agent, position)))
        .switchIfEmpty(Mono.error(() -> notFound(query.agent(), "no such agent")));
  }

  @Override
  public Mono<Page> list(Find query) {
    return Mono.defer(
        () -> {
          check(query);
          AgentCursor cursor = AgentCursor.of(query);
          return reached(query.minPosition())
              .flatMap(
                  position ->
                      agents.page(query, cursor).map(slice -> page(query, slice, position)));
        });
  }

  @Override
  public Mono<Found> at(GetAt query) {
    return Mono.defer(() -> checkPoint(query))
        .then(Mono.defer(() -> replay(query)))
        .flatMap(past -> Mono.justOrEmpty(found(query, past)))
        .switchIfEmpty(Mono.error(() -> notFound(query.agent(), "it did not exist at that point")));
  }

  private Mono<PastAgent> replay(GetAt query) {
    return history
        .of(query.agent(), query.position(), query.time())
        .reduce(PastAgent.NONE, PastAgent::then)
        .onErrorMap(
            UnknownEventException.class,
            newer ->
                new Refusal(ErrorCode.SERVICE_UNAVAILABLE, String.valueOf(newer.getMessage())));
  }

  private Mono<Long> reached(@Nullable Long minPosition) {
    return Mono.defer(
        () -> gate.reached(AgentProjection.NAME, QueryInput.position("min_position", minPosition)));
  }

  private static void check(Find query) {
    QueryInput.limit(query.limit(), MAX_LIMIT);
    QueryInput.range("created_from", query.createdFrom(), "created_before", query.createdBefore());
    QueryInput.text("name_prefix", query.namePrefix());
    query
        .labels()
        .forEach(
            (label, value) -> {
              QueryInput.text("label", label);
              QueryInput.text("label", value);
            });
  }

  private Mono<Void> checkPoint(GetAt query) {
    if ((query.position() == null) == (query.time() == null)) {
      throw Refusal.invalidField("at", "give either a position or a time");
    }
    QueryInput.time("at", query.time());
    Long position = QueryInput.position("at", query.position());
    return position == null ? Mono.empty() : checkReached(position);
  }

  /** What a position will have shown is not known before it is there. */
  private Mono<Void> checkReached(long position) {
    return history
        .bounds()
        .flatMap(
            bounds ->
                position <= bounds.head()
                    ? Mono.empty()
                    : Mono.error(
                        Refusal.invalidField(
                            "at", "the last position is %d".formatted(bounds.head()))));
  }

  private static @Nullable Found found(GetAt query, PastAgent past) {
    if (past.erased() != null) {
      throw new Refusal(
          ErrorCode.POSITION_NOT_KEPT,
          "The agent as it was then cannot be shown: the content of its event at position %d was erased"
              .formatted(past.erased()),
          Map.of("position", past.erased()));
    }
    return past.agent() == null
        ? null
        : new Found(past.agent(), query.position() == null ? past.position() : query.position());
  }

  private static Refusal notFound(AgentKey agent, String reason) {
    return new Refusal(
        ErrorCode.AGENT_NOT_FOUND,
        "Agent not found: %s (%s)".formatted(agent.id(), reason),
        Map.of("agent_id", agent.id().value()));
  }

  private static Page page(Find query, AgentRows.Slice slice, long position) {
    List<AgentView> agents = slice.agents();
    if (agents.size() <= query.limit()) {
      return new Page(agents, slice.total(), null, position);
    }
    List<AgentView> shown = agents.subList(0, query.limit());
    String next = AgentCursor.at(shown.getLast(), query.sort()).encode(query);
    return new Page(shown, slice.total(), next, position);
  }
}
