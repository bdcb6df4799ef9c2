package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentCommands.ProposedEvent;
import dev.skreaver.api.agent.AgentView;
import java.util.List;

/**
 * What a command would do.
 *
 * @param events that it would append; none if it would change nothing
 * @param agent as it would be afterwards
 */
public record DryRun(List<ProposedEvent> events, AgentView agent) {}
