package dev.skreaver.api.event;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.skreaver.api.json.WireJson;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What members an event has on the wire, as its record and all records and enums within it say. A
 * {@code ?} marks a member that may be absent; a list holds all values that there are.
 */
final class EventSchema {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final Map<Class<?>, String> SIMPLE =
      Map.of(
          String.class, "string",
          int.class, "int32",
          Integer.class, "int32",
          long.class, "int64",
          Long.class, "int64",
          boolean.class, "boolean",
          Boolean.class, "boolean",
          java.time.Instant.class, "time",
          Object.class, "any");

  private EventSchema() {}

  static JsonNode of(EventCatalog type) {
    return NODES
        .objectNode()
        .put("name", type.wireName())
        .put("revision", type.revision())
        .set("members", members(type.type()));
  }

  static ObjectNode members(Class<?> record) {
    ObjectNode members = NODES.objectNode();
    for (RecordComponent component : record.getRecordComponents()) {
      String name = component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
      boolean nullable = component.getAnnotatedType().isAnnotationPresent(Nullable.class);
      members.set(nullable ? name + "?" : name, type(component.getGenericType()));
    }
    return members;
  }

  private static JsonNode type(Type type) {
    if (type instanceof ParameterizedType generic) {
      Type[] arguments = generic.getActualTypeArguments();
      if (generic.getRawType() == Map.class && arguments[0] == String.class) {
        return NODES.objectNode().set("map of", type(arguments[1]));
      }
      if (generic.getRawType() == List.class) {
        return NODES.objectNode().set("list of", type(arguments[0]));
      }
    }
    if (type instanceof Class<?> plain) {
      String simple = SIMPLE.get(plain);
      return simple != null ? NODES.stringNode(simple) : composed(plain);
    }
    throw new IllegalArgumentException("an event cannot have a member of type " + type);
  }

  private static JsonNode composed(Class<?> type) {
    if (type.isEnum()) {
      ArrayNode values = NODES.arrayNode();
      for (Object constant : type.getEnumConstants()) {
        values.add(WireJson.mapper().<JsonNode>valueToTree(constant));
      }
      return values;
    }
    if (type.isSealed()) {
      ArrayNode alternatives = NODES.arrayNode();
      for (Class<?> alternative : type.getPermittedSubclasses()) {
        alternatives.add(composed(alternative));
      }
      return NODES.objectNode().set("one of", alternatives);
    }
    if (type.isRecord()) {
      return isOneValue(type) ? type(type.getRecordComponents()[0].getType()) : members(type);
    }
    throw new IllegalArgumentException("an event cannot have a member of type " + type);
  }

  /** Written as the value of one method instead of as an object. */
  private static boolean isOneValue(Class<?> record) {
    return record.getRecordComponents().length == 1
        && (hasValue(record)
            || Arrays.stream(record.getInterfaces()).anyMatch(EventSchema::hasValue));
  }

  private static boolean hasValue(Class<?> type) {
    return Arrays.stream(type.getMethods())
        .anyMatch(method -> method.isAnnotationPresent(JsonValue.class));
  }
}
