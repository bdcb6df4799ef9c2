package dev.skreaver.query.audit;

import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.CausationQueries;
import dev.skreaver.query.projection.PositionGate;
import dev.skreaver.query.read.QueryInput;
import java.util.function.BiFunction;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** Causes and effects, for auditors. */
@RestController
public class CausationQueriesEndpoint implements CausationQueries {
  private static final int MAX_DEPTH = 100;
  private static final int MAX_LIMIT = 1000;

  private final PositionGate gate;
  private final CausationGraph graph;

  CausationQueriesEndpoint(PositionGate gate, CausationGraph graph) {
    this.gate = gate;
    this.graph = graph;
  }

  @Override
  public Mono<Trace> causes(From query) {
    return checked(query, graph::causes);
  }

  @Override
  public Mono<Trace> effects(From query) {
    return checked(query, graph::effects);
  }

  private Mono<Trace> checked(From query, BiFunction<From, Long, Mono<Trace>> walk) {
    return Mono.defer(
        () -> {
          if ((query.eventId() == null) == (query.eventPosition() == null)) {
            throw Refusal.invalidField("event_id", "give it, or event_position instead");
          }
          if (query.depth() < 1 || query.depth() > MAX_DEPTH) {
            throw Refusal.invalidField("depth", "must be from 1 to %d".formatted(MAX_DEPTH));
          }
          QueryInput.limit(query.limit(), MAX_LIMIT);
          QueryInput.position("min_position", query.minPosition());
          return gate.reached(AuditProjection.NAME, query.minPosition())
              .flatMap(position -> walk.apply(query, position));
        });
  }
}
