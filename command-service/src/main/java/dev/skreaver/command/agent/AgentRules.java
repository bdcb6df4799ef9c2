package dev.skreaver.command.agent;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a spec, a change or a reason must be like. Everything here refuses or does nothing. */
final class AgentRules {
  private static final int NAME_CHARACTERS = 64;
  private static final int LABELS = 64;
  private static final int LABEL_CHARACTERS = 256;
  private static final int REASON_CHARACTERS = 1_000;
  private static final int ERROR_CHARACTERS = 8_000;
  private static final Pattern LABEL_KEY = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_./-]{0,62}");

  private final Set<String> customTypes;

  /**
   * @param customTypes the names of the types that outside workers serve
   */
  AgentRules(Set<String> customTypes) {
    this.customTypes = Set.copyOf(customTypes);
  }

  void check(AgentSpec spec) {
    if (spec.agentType() instanceof AgentType.Custom(String name) && !customTypes.contains(name)) {
      throw AgentType.unknown(spec.agentType().wireName());
    }
    checkName("spec.name", spec.name());
    checkLabels("spec.labels", spec.labels());
    AgentConfig.check(spec.agentType(), "spec.config", spec.config());
    checkLimits(spec.limits());
  }

  /** The agent's name, labels and config after a merge patch (RFC 7396) of these members. */
  AgentEvent.Updated merge(AgentView agent, Map<String, @Nullable Object> changes) {
    var members = new TreeSet<>(changes.keySet());
    members.removeAll(Set.of("name", "labels", "config"));
    if (!members.isEmpty()) {
      throw new Refusal(
          ErrorCode.UNKNOWN_FIELD,
          "'%s' is unknown or cannot be changed; name, labels and config can"
              .formatted(Refusal.quote(members.first())),
          Map.of("field", Refusal.quote(members.first())));
    }
    String name = agent.name();
    if (changes.containsKey("name")) {
      name = text("name", changes.get("name"));
      checkName("name", name);
    }
    Map<String, String> labels = agent.labels();
    if (changes.containsKey("labels")) {
      var merged = new LinkedHashMap<String, String>();
      patched("labels", labels, changes.get("labels"))
          .forEach((key, value) -> merged.put(key, String.valueOf(text("labels." + key, value))));
      checkLabels("labels", merged);
      labels = merged;
    }
    Map<String, Object> config = agent.config();
    if (changes.containsKey("config")) {
      config = patched("config", config, changes.get("config"));
      AgentConfig.check(agent.agentType(), "config", config);
    }
    return new AgentEvent.Updated(agent.agentId(), name, labels, config);
  }

  void checkReason(String reason) {
    checkFreeText("reason", reason, REASON_CHARACTERS);
  }

  void checkError(String error) {
    checkFreeText("error", error, ERROR_CHARACTERS);
  }

  private static Map<String, Object> patched(
      String field, Map<String, ?> target, @Nullable Object patch) {
    return switch (patch) {
      case null -> Map.of();
      case Map<?, ?> members -> MergePatch.apply(target, members);
      default -> throw Refusal.invalidField(field, "must be an object or null");
    };
  }

  private static @Nullable String text(String field, @Nullable Object value) {
    return switch (value) {
      case null -> null;
      case String text -> text;
      default -> throw Refusal.invalidField(Refusal.quote(field), "must be a text");
    };
  }

  private static void checkName(String field, @Nullable String name) {
    if (name != null) {
      checkText(field, name, NAME_CHARACTERS);
    }
  }

  private static void checkLabels(String field, Map<String, String> labels) {
    if (labels.size() > LABELS) {
      throw Refusal.invalidField(field, "must have at most " + LABELS + " labels");
    }
    labels.forEach(
        (key, value) -> {
          String label = field + "." + Refusal.quote(key);
          if (!LABEL_KEY.matcher(key).matches()) {
            throw Refusal.invalidField(
                label,
                "a label's name is 1 to 63 of A-Z a-z 0-9 _ . / - and begins with one of A-Z a-z"
                    + " 0-9");
          }
          if (value == null) { // a JSON null; it removes a label in a patch only
            throw Refusal.invalidField(label, "must be a string");
          }
          if (!value.isEmpty()) {
            checkText(label, value, LABEL_CHARACTERS);
          }
        });
  }

  private static void checkLimits(AgentLimits limits) {
    checkRange("max_memory_mb", limits.maxMemoryMb(), 8192);
    checkRange("max_observation_size_kb", limits.maxObservationSizeKb(), 10_240);
    checkRange("max_concurrent_tools", limits.maxConcurrentTools(), 100);
    checkRange("execution_timeout_secs", limits.executionTimeoutSecs(), 3600);
  }

  private static void checkRange(String limit, int value, int most) {
    if (value < 1 || value > most) {
      throw Refusal.invalidField("spec.limits." + limit, "must be from 1 to " + most);
    }
  }

  /** Also what a program printed: it may have any line ends, and the colours of a terminal. */
  private static void checkFreeText(String field, @Nullable String given, int characters) {
    String text = sized(field, given, characters);
    if (text.codePoints().anyMatch(c -> c == 0 || isHalf(c))) {
      throw Refusal.invalidField(field, "must not contain NUL or halves of a character");
    }
  }

  private static void checkText(String field, @Nullable String given, int characters) {
    String text = sized(field, given, characters);
    if (text.codePoints().anyMatch(AgentRules::isUnprintable)) {
      throw Refusal.invalidField(
          field, "must not contain control characters or halves of a character");
    }
  }

  private static String sized(String field, @Nullable String text, int characters) {
    if (text == null) {
      throw new Refusal(
          ErrorCode.MISSING_REQUIRED_FIELD,
          "'%s' is missing".formatted(field),
          Map.of("field", field));
    }
    if (text.isBlank() || text.codePointCount(0, text.length()) > characters) {
      throw Refusal.invalidField(
          field, "must have 1 to %d characters and not only spaces".formatted(characters));
    }
    return text;
  }

  private static boolean isUnprintable(int character) {
    return (Character.isISOControl(character) && character != '\n' && character != '\t')
        || isHalf(character);
  }

  private static boolean isHalf(int character) {
    return character <= 0xffff && Character.isSurrogate((char) character);
  }
}
