package dev.skreaver.query.agent;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.PastAgent;
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
  private final AgentHistory history;
  private final Moments moments;
  private final PastFleet fleet;
  private final Comparison comparison;

  AgentQueriesEndpoint(
      PositionGate gate,
      AgentRows agents,
      AgentHistory history,
      Moments moments,
      PastFleet fleet,
      Comparison comparison) {
    this.gate = gate;
    this.agents = agents;
    this.history = history;
    this.moments = moments;
    this.fleet = fleet;
    this.comparison = comparison;
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
  public Mono<PastPage> listAt(FindAt query) {
    return Mono.defer(
        () -> {
          check(query.agents());
          return fleet.page(query);
        });
  }

  @Override
  public Mono<Found> at(GetAt query) {
    return moments
        .within("at", new Moment(query.position(), query.time()))
        .then(Mono.defer(() -> replay(query)))
        .flatMap(past -> Mono.justOrEmpty(found(query, past)))
        .switchIfEmpty(Mono.error(() -> notFound(query.agent(), "it did not exist at that point")));
  }

  @Override
  public Mono<Difference> diff(Compare query) {
    return comparison
        .of(query)
        .switchIfEmpty(Mono.error(() -> notFound(query.agent(), "nothing happened to it by then")));
  }

  private Mono<PastAgent> replay(GetAt query) {
    return history
        .of(query.agent(), query.position(), query.time())
        .reduce(PastAgent.NONE, moments::after)
        .map(Moments::known)
        .onErrorMap(Moments::unreadable);
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

  private static @Nullable Found found(GetAt query, PastAgent past) {
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
