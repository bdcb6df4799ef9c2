package dev.skreaver.api.agent;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * An agent's name within its tenant: 1 to 128 of {@code A-Z a-z 0-9 - _ .}, not starting with a dot
 * and without {@code ..} (wire contract §2.2, the later and stricter form).
 */
public record AgentId(@JsonValue String value) {
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}");

  @JsonCreator
  public AgentId {
    if (!FORM.matcher(value).matches() || value.contains("..")) {
      throw new Refusal(
          ErrorCode.INVALID_AGENT_ID,
          "Invalid agent id '%s': use 1 to 128 of A-Z a-z 0-9 - _ . without '..' or a leading dot"
              .formatted(Refusal.quote(value)),
          Map.of("field", "agent_id"));
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
