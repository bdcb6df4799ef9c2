package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.gateway.request.Form;
import dev.skreaver.gateway.request.FromQuery;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * The moment that a question about agents means.
 *
 * @param at a position or an RFC 3339 time; now, if absent
 */
record At(@Nullable String at) implements FromQuery {

  AgentQueries.@Nullable Moment moment() {
    return at == null ? null : Form.moment("at", at);
  }

  Mono<AgentQueries.Found> of(AgentKey agent, @Nullable Long minPosition, AgentQueries queries) {
    var moment = moment();
    return moment == null
        ? queries.get(new AgentQueries.Get(agent, minPosition))
        : queries.at(new AgentQueries.GetAt(agent, moment.position(), moment.time()));
  }
}
