package dev.skreaver.gateway.agent;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON merge patch (RFC 7396) of an agent's name, labels and config: an absent member stays as it
 * is, a null removes. A record of its members could not tell the two apart.
 */
record AgentChanges(@JsonValue Map<String, @Nullable Object> members) {
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  AgentChanges {}
}
