package dev.skreaver.api.agent;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an agent is meant to be.
 *
 * @param name for people; not unique
 * @param labels for selecting agents
 * @param config settings of the type; JSON values
 */
public record AgentSpec(
    AgentType agentType,
    @Nullable String name,
    Map<String, String> labels,
    Map<String, Object> config,
    AgentLimits limits) {

  public AgentSpec {
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    config = Collections.unmodifiableMap(new LinkedHashMap<>(config));
  }
}
