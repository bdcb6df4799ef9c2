package dev.skreaver.gateway.agent;

import com.fasterxml.jackson.annotation.JsonCreator;
import dev.skreaver.api.agent.AgentStatus;
import java.util.Set;

/** A status by its name, or {@code error} for both kinds of error. */
record StatusFilter(Set<AgentStatus> statuses) {

  @JsonCreator
  static StatusFilter fromWire(String name) {
    return new StatusFilter(
        name.equals("error")
            ? Set.of(AgentStatus.RECOVERABLE_ERROR, AgentStatus.FATAL_ERROR)
            : Set.of(AgentStatus.fromWire(name)));
  }
}
