package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.AgentView;
import java.time.Instant;

/**
 * The body of {@code GET /agents/{id}/status}.
 *
 * @param state the status with its facts, as a name or an object of one member
 */
record AgentState(
    AgentId agentId,
    AgentType agentType,
    AgentStatus status,
    Object state,
    Instant createdAt,
    Instant lastActivity) {

  static AgentState of(AgentView agent) {
    return new AgentState(
        agent.agentId(),
        agent.agentType(),
        agent.status(),
        agent.state(),
        agent.createdAt(),
        agent.lastActivity());
  }
}
