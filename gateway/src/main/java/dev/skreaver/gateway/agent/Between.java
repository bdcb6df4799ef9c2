package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.gateway.request.Form;
import dev.skreaver.gateway.request.FromQuery;
import org.jspecify.annotations.Nullable;

/**
 * The two moments that {@code GET /agents/{id}/diff} compares: both positions, or both RFC 3339
 * times.
 *
 * @param from before everything, if absent
 * @param to now, if absent
 */
record Between(@Nullable String from, @Nullable String to) implements FromQuery {

  AgentQueries.Compare compare(AgentKey agent) {
    return new AgentQueries.Compare(
        agent,
        from == null ? null : Form.moment("from", from),
        to == null ? null : Form.moment("to", to));
  }
}
