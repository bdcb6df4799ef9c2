package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code GET /agents/{id}/diff}.
 *
 * @param before absent if the agent was not there then
 * @param after absent if the agent was not there then
 * @param next the position after which {@code GET /agents/{id}/events} has the events that are not
 *     shown here; absent if there are none
 */
record AgentDifference(
    AgentId agentId,
    @Nullable AgentView before,
    @Nullable AgentView after,
    List<AgentQueries.Change> changes,
    List<AgentQueries.Happening> events,
    @Nullable Long next) {

  static AgentDifference of(AgentQueries.Difference difference) {
    return new AgentDifference(
        difference.agentId(),
        difference.before(),
        difference.after(),
        difference.changes(),
        difference.events(),
        difference.next());
  }
}
