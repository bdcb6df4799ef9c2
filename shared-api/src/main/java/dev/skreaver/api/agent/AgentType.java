package dev.skreaver.api.agent;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What an agent does: one of the built-in types, or a custom one that outside workers serve.
 *
 * <p>On the wire a built-in type is its name and a custom type is {@code custom:<name>}; on input
 * {@code {"custom": "<name>"}} is accepted too (wire contract §1.7).
 */
public sealed interface AgentType {
  /** The types that the command service serves by itself. */
  enum BuiltIn implements AgentType {
    ECHO,
    ADVANCED,
    ANALYTICS;

    @Override
    public String wireName() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** A type served by outside workers; the name is 1 to 64 of {@code A-Z a-z 0-9 - _}. */
  record Custom(String name) implements AgentType {
    private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    public Custom {
      if (!FORM.matcher(name).matches()) {
        throw unknown("custom:" + name);
      }
    }

    @Override
    public String wireName() {
      return "custom:" + name;
    }
  }

  @JsonValue
  String wireName();

  /**
   * @param wire {@code "echo"}, {@code "custom:name"} or {@code {"custom": "name"}}
   * @throws Refusal {@code unknown_agent_type}
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static AgentType fromWire(Object wire) {
    return switch (wire) {
      case String name when name.startsWith("custom:") -> new Custom(name.substring(7));
      case String name -> builtIn(name);
      case Map<?, ?> union when union.size() == 1 && union.get("custom") instanceof String name ->
          new Custom(name);
      default ->
          throw new Refusal(
              ErrorCode.INVALID_INPUT,
              "Invalid value for 'agent_type': must be a type's name or {\"custom\": \"<name>\"}",
              Map.of("field", "agent_type"));
    };
  }

  private static AgentType builtIn(String name) {
    for (BuiltIn type : BuiltIn.values()) {
      if (type.wireName().equals(name)) {
        return type;
      }
    }
    throw unknown(name);
  }

  /** The refusal of a type that nothing here serves. */
  static Refusal unknown(String name) {
    return new Refusal(
        ErrorCode.UNKNOWN_AGENT_TYPE,
        "Unknown agent type: "
            + Refusal.quote(name)
            + "; use echo, advanced, analytics or a custom type named in"
            + " SKREAVER_CUSTOM_AGENT_TYPES",
        Map.of("field", "spec.agent_type"));
  }
}
