package dev.skreaver.command.agent;

import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.json.WireJson;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The settings that each type of agent has (wire contract §2.1). A custom type takes any. */
final class AgentConfig {
  private static final int BYTES = 64 * 1024;
  private static final int DEPTH = 32;

  private static final Map<AgentType.BuiltIn, Map<String, Setting>> SETTINGS =
      Map.of(
          AgentType.BuiltIn.ECHO, Map.of(),
          AgentType.BuiltIn.ADVANCED,
              Map.of(
                  "mode",
                  oneOf("simple", "analytical", "creative"),
                  "use_tools",
                  new Setting(Boolean.class::isInstance, "must be true or false")),
          AgentType.BuiltIn.ANALYTICS,
              Map.of("depth", oneOf("basic", "detailed", "comprehensive")));

  private AgentConfig() {}

  private record Setting(Predicate<@Nullable Object> accepts, String rule) {}

  private static Setting oneOf(String... values) {
    List<String> accepted = List.of(values);
    return new Setting(
        value -> value != null && accepted.contains(value),
        "must be one of " + String.join(", ", accepted));
  }

  /**
   * @param path of the config in what the client sent
   * @throws Refusal {@code invalid_configuration}, naming the field
   */
  static void check(AgentType type, String path, Map<String, Object> config) {
    switch (type) {
      case AgentType.BuiltIn builtIn -> checkSettings(builtIn, path, config);
      case AgentType.Custom custom -> checkAny(path, config);
    }
  }

  private static void checkSettings(
      AgentType.BuiltIn type, String path, Map<String, Object> config) {
    Map<String, Setting> settings = SETTINGS.getOrDefault(type, Map.of());
    config.forEach(
        (name, value) -> {
          Setting setting = settings.get(name);
          if (setting == null) {
            throw invalid(
                path,
                Refusal.quote(name),
                settings.isEmpty()
                    ? "an agent of type %s has no settings".formatted(type.wireName())
                    : "unknown; an agent of type %s has %s"
                        .formatted(
                            type.wireName(),
                            String.join(", ", settings.keySet().stream().sorted().toList())));
          }
          if (!setting.accepts.test(value)) {
            throw invalid(path, name, setting.rule);
          }
        });
  }

  private static void checkAny(String path, Map<String, Object> config) {
    if (config.isEmpty()) {
      return;
    }
    config.forEach((name, value) -> checkValue(path, Refusal.quote(name), name, value, 1));
    if (WireJson.mapper().writeValueAsBytes(config).length > BYTES) {
      throw new Refusal(
          ErrorCode.INVALID_CONFIGURATION,
          "Invalid configuration: it must have at most %d bytes of JSON".formatted(BYTES),
          Map.of("field", path));
    }
  }

  private static void checkValue(
      String path, String field, @Nullable String name, @Nullable Object value, int depth) {
    if (depth > DEPTH) {
      throw invalid(path, field, "must be at most %d levels deep".formatted(DEPTH));
    }
    if (name != null) {
      checkText(path, field, name);
    }
    switch (value) {
      case String text -> checkText(path, field, text);
      case Map<?, ?> members ->
          members.forEach(
              (member, inner) -> checkValue(path, field, String.valueOf(member), inner, depth + 1));
      case List<?> elements ->
          elements.forEach(element -> checkValue(path, field, null, element, depth + 1));
      case null, default -> {
        // Numbers and booleans have no rules of their own.
      }
    }
  }

  private static void checkText(String path, String field, String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (c == 0 || Character.isSurrogate(c)) {
        throw invalid(path, field, "must not contain \\u0000 or halves of a character");
      }
    }
  }

  private static Refusal invalid(String path, String field, String reason) {
    return new Refusal(
        ErrorCode.INVALID_CONFIGURATION,
        "Invalid configuration for field '%s': %s".formatted(field, reason),
        Map.of("field", path + "." + field));
  }
}
