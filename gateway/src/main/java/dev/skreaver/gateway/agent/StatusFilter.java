package dev.skreaver.gateway.agent;

import com.fasterxml.jackson.annotation.JsonCreator;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.error.Refusal;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A status by its name, or {@code error} for both kinds of error. */
record StatusFilter(Set<AgentStatus> statuses) {
  private static final String ERROR = "error";

  @JsonCreator
  static StatusFilter fromWire(String name) {
    if (name.equals(ERROR)) {
      return new StatusFilter(Set.of(AgentStatus.RECOVERABLE_ERROR, AgentStatus.FATAL_ERROR));
    }
    return Arrays.stream(AgentStatus.values())
        .filter(status -> status.wireName().equals(name))
        .findFirst()
        .map(status -> new StatusFilter(Set.of(status)))
        .orElseThrow(() -> Refusal.invalidField("status", "must be one of " + names()));
  }

  private static String names() {
    return Stream.concat(
            Arrays.stream(AgentStatus.values()).map(AgentStatus::wireName), Stream.of(ERROR))
        .collect(Collectors.joining(", "));
  }
}
