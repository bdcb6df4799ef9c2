package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.gateway.request.Form;
import dev.skreaver.gateway.request.FromQuery;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * The moment that {@code GET /agents/{id}} is asked about.
 *
 * @param at a position or an RFC 3339 time; now, if absent
 */
record Moment(@Nullable String at) implements FromQuery {

  Mono<AgentQueries.Found> of(AgentKey agent, @Nullable Long minPosition, AgentQueries queries) {
    if (at == null) {
      return queries.get(new AgentQueries.Get(agent, minPosition));
    }
    boolean position = at.chars().allMatch(Character::isDigit);
    return queries.at(
        position
            ? new AgentQueries.GetAt(agent, Form.number("at", at, 0, Long.MAX_VALUE), null)
            : new AgentQueries.GetAt(agent, null, Form.time("at", at)));
  }
}
