package dev.skreaver.command.agent;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** JSON merge patch (RFC 7396) on maps. */
final class MergePatch {
  private MergePatch() {}

  /** The target after the patch: members that are null there are gone, objects are merged. */
  static Map<String, Object> apply(Map<String, ?> target, Map<?, ?> patch) {
    var result = new LinkedHashMap<String, Object>(target);
    patch.forEach(
        (name, value) -> {
          String member = String.valueOf(name);
          switch (value) {
            case null -> result.remove(member);
            case Map<?, ?> inner -> result.put(member, apply(object(result.get(member)), inner));
            default -> result.put(member, value);
          }
        });
    return result;
  }

  private static Map<String, ?> object(@org.jspecify.annotations.Nullable Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      return Map.of();
    }
    var members = new LinkedHashMap<String, Object>();
    map.forEach((name, member) -> members.put(String.valueOf(name), member));
    return Collections.unmodifiableMap(members);
  }
}
