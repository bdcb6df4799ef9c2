package dev.skreaver.api.agent;

import dev.skreaver.api.event.DomainEvent;
import dev.skreaver.api.personal.Personal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can happen to an agent. The name and revision on the wire are in {@link
 * dev.skreaver.api.event.EventCatalog}, not here; the tenant, the time and on whose behalf it
 * happened are recorded beside it.
 */
public sealed interface AgentEvent extends DomainEvent {
  AgentId agentId();

  /** The agent exists and prepares itself. */
  record Created(AgentId agentId, @Personal String owner, AgentSpec spec) implements AgentEvent {}

  /** The agent takes observations from now on. */
  record Started(AgentId agentId) implements AgentEvent {}

  /** The whole name, labels and config after a change. */
  record Updated(
      AgentId agentId,
      @Nullable String name,
      Map<String, String> labels,
      Map<String, Object> config)
      implements AgentEvent {}

  record Paused(AgentId agentId, @Personal String reason) implements AgentEvent {}

  record Resumed(AgentId agentId) implements AgentEvent {}

  record Stopped(AgentId agentId, @Personal String reason) implements AgentEvent {}

  /** A recoverable error can be followed by {@link Recovered}; a fatal one only by a stop. */
  record ErrorReported(AgentId agentId, @Personal String error, boolean recoverable)
      implements AgentEvent {}

  record Recovered(AgentId agentId) implements AgentEvent {}

  /** The agent can no longer be reached; its id is never used again and its events remain. */
  record Deleted(AgentId agentId) implements AgentEvent {}
}
