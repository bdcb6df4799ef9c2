package dev.skreaver.gateway.websocket;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The members of one JSON object, read strictly: each member is asked for by name and type, and
 * {@link #end} refuses those that nobody asked for. An explicit null counts as absent.
 */
final class Members {
  private final JsonNode object;
  private final String path;
  private final Set<String> asked = new HashSet<>();

  private Members(JsonNode object, String path) {
    this.object = object;
    this.path = path;
  }

  static Members of(JsonNode node, String path) {
    if (!node.isObject()) {
      throw SocketRefusal.invalid(path.isEmpty() ? "message" : path, "must be an object");
    }
    return new Members(node, path);
  }

  @Nullable JsonNode optional(String name) {
    asked.add(name);
    JsonNode value = object.get(name);
    return value == null || value.isNull() ? null : value;
  }

  JsonNode required(String name) {
    JsonNode value = optional(name);
    if (value == null) {
      throw SocketRefusal.invalid(at(name), "is required");
    }
    return value;
  }

  String text(String name) {
    return asText(required(name), at(name));
  }

  @Nullable Long optionalWhole(String name) {
    JsonNode value = optional(name);
    if (value == null) {
      return null;
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
      throw SocketRefusal.invalid(at(name), "must be a whole number, 0 or more");
    }
    return value.longValue();
  }

  long whole(String name) {
    required(name);
    Long value = optionalWhole(name);
    return value == null ? 0 : value;
  }

  List<String> texts(String name) {
    return texts(required(name), at(name));
  }

  Members object(String name) {
    return of(required(name), at(name));
  }

  List<Members> objects(String name) {
    JsonNode list = required(name);
    if (!list.isArray()) {
      throw SocketRefusal.invalid(at(name), "must be a list of objects");
    }
    var members = new ArrayList<Members>();
    for (JsonNode item : list) {
      members.add(of(item, at(name) + "[" + members.size() + "]"));
    }
    return members;
  }

  String at(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /**
   * @throws SocketRefusal naming the first member that nobody asked for
   */
  void end() {
    for (String name : object.propertyNames()) {
      if (!asked.contains(name)) {
        throw SocketRefusal.invalid(
            at(dev.skreaver.api.error.Refusal.quote(name)), "is not a known field here");
      }
    }
  }

  static List<String> texts(JsonNode list, String path) {
    if (!list.isArray()) {
      throw SocketRefusal.invalid(path, "must be a list of strings");
    }
    var texts = new ArrayList<String>();
    for (JsonNode item : list) {
      texts.add(asText(item, path + "[" + texts.size() + "]"));
    }
    return texts;
  }

  private static String asText(JsonNode value, String path) {
    if (!value.isString()) {
      throw SocketRefusal.invalid(path, "must be a string");
    }
    return value.stringValue();
  }
}
