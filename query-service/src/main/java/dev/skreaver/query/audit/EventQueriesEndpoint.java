package dev.skreaver.query.audit;

import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.projection.PositionGate;
import dev.skreaver.query.read.QueryInput;
import dev.skreaver.query.tail.EventTail;
import java.util.List;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Events for streams, which need all of them, and for auditors, who look for some. */
@RestController
public class EventQueriesEndpoint implements EventQueries {
  private static final int MAX_LIMIT = 1000;
  private final PositionGate gate;
  private final EventHistory history;
  private final AuditTrail trail;
  private final EventTail tail;
  private final List<String> types;

  EventQueriesEndpoint(
      PositionGate gate,
      EventHistory history,
      AuditTrail trail,
      EventTail tail,
      EventFormat format) {
    this.gate = gate;
    this.history = history;
    this.trail = trail;
    this.tail = tail;
    this.types = format.names();
  }

  @Override
  public Mono<History> history(After query) {
    return Mono.defer(
        () -> {
          QueryInput.position("after", query.after());
          QueryInput.limit(query.limit(), MAX_LIMIT);
          return history.after(query);
        });
  }

  @Override
  public Mono<Page> search(Search query) {
    return Mono.defer(
        () -> {
          check(query);
          return gate.bound(AuditProjection.NAME, query.minPosition())
              .flatMap(position -> trail.page(query, position));
        });
  }

  @Override
  public Flux<RecordedEvent> live(long after) {
    return Flux.defer(
        () -> {
          QueryInput.position("after", after);
          return tail.live(after);
        });
  }

  @Override
  public Mono<Bounds> bounds() {
    return history.bounds();
  }

  private void check(Search query) {
    QueryInput.position("after", query.after());
    QueryInput.position("min_position", query.minPosition());
    QueryInput.limit(query.limit(), MAX_LIMIT);
    QueryInput.range("from", query.from(), "before", query.before());
    // An auditor who mistypes a name must not be told that nothing happened.
    if (!types.containsAll(query.types())) {
      throw Refusal.invalidField("type", "must be any of " + String.join(", ", types));
    }
  }
}
