package dev.skreaver.query.agent;

import dev.skreaver.api.agent.AgentQueries.Compare;
import dev.skreaver.api.agent.AgentQueries.Difference;
import dev.skreaver.api.agent.AgentQueries.Happening;
import dev.skreaver.api.agent.AgentQueries.Moment;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventQueries.Bounds;
import dev.skreaver.api.event.PastAgent;
import dev.skreaver.api.event.RecordedEvent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** What became of an agent between two moments, by one walk through its events. */
@Component
final class Comparison {
  private static final int SHOWN = 1000;

  private final AgentHistory history;
  private final Moments moments;

  Comparison(AgentHistory history, Moments moments) {
    this.history = history;
    this.moments = moments;
  }

  /** Empty if the agent has no event up to the later moment. */
  Mono<Difference> of(Compare query) {
    return Mono.defer(
        () -> {
          checkOrder(query.from(), query.to());
          return within("from", query.from())
              .then(within("to", query.to()))
              .flatMap(bounds -> walk(query, bounds.head()));
        });
  }

  private Mono<Bounds> within(String field, @Nullable Moment moment) {
    return moment == null ? moments.bounds() : moments.within(field, moment);
  }

  private static void checkOrder(@Nullable Moment from, @Nullable Moment to) {
    if (from == null || to == null) {
      return;
    }
    if ((from.position() == null) != (to.position() == null)) {
      throw Refusal.invalidField("to", "give both moments as positions, or both as times");
    }
    if (from.isAfter(to)) {
      throw Refusal.invalidField("from", "must not be later than 'to'");
    }
  }

  private Mono<Difference> walk(Compare query, long head) {
    Moment to = query.to();
    Long position = to == null || to.position() == null ? (Long) head : to.position();
    Instant time = to == null ? null : to.time();
    return history
        .of(query.agent(), position, time)
        .collect(() -> new Walk(query.from(), moments), Walk::step)
        .filter(walk -> walk.now.position() > 0)
        .map(walk -> walk.difference(query, position))
        .onErrorMap(Moments::unreadable);
  }

  /** Where a walk is, and what it has seen since the earlier moment. */
  private static final class Walk {
    private final @Nullable Moment from;
    private final Moments moments;
    private final List<Happening> events = new ArrayList<>();
    private PastAgent before = PastAgent.NONE;
    private PastAgent now = PastAgent.NONE;
    private boolean passed;
    private boolean more;

    Walk(@Nullable Moment from, Moments moments) {
      this.from = from;
      this.moments = moments;
    }

    void step(RecordedEvent event) {
      now = moments.after(now, event);
      passed = passed || from == null || !from.includes(event);
      if (!passed) {
        before = now;
      } else if (events.size() < SHOWN) {
        events.add(
            new Happening(
                event.position(),
                event.eventId(),
                event.type(),
                event.version(),
                event.time(),
                event.actor()));
      } else {
        more = true;
      }
    }

    Difference difference(Compare query, long position) {
      AgentView then = Moments.known(before).agent();
      AgentView after = Moments.known(now).agent();
      return new Difference(
          query.agent().id(),
          then,
          after,
          AgentChanges.between(then, after),
          events,
          more ? events.getLast().position() : null,
          position);
    }
  }
}
