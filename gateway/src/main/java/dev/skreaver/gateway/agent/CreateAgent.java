package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code POST /agents}.
 *
 * @param agentId chosen by the client; generated if absent
 */
record CreateAgent(Spec spec, @Nullable AgentId agentId) {

  /**
   * What may be left out of an {@link AgentSpec}. Whether it is a good one is checked by the
   * command service, which knows the types.
   *
   * @param limits all four or none; none stands for those of the type
   */
  record Spec(
      AgentType agentType,
      @Nullable String name,
      @Nullable Map<String, String> labels,
      @Nullable Map<String, Object> config,
      @Nullable AgentLimits limits) {

    AgentSpec complete() {
      return new AgentSpec(
          agentType,
          name,
          labels == null ? Map.of() : labels,
          config == null ? Map.of() : config,
          limits == null ? AgentLimits.defaultsFor(agentType) : limits);
    }
  }
}
