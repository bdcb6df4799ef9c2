package dev.skreaver.gateway.docs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.swagger.v3.core.util.Json31;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.media.Schema;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Parts of the document as JSON: the form in which they can be written down and laid over. */
final class JsonTrees {
  private static final ObjectMapper JSON = Json31.mapper();

  /** The mapper of the document leaves nulls out. */
  private static final ObjectMapper WITH_NULLS = new ObjectMapper();

  private JsonTrees() {}

  static Schema<?> schema(Map<String, Object> json) {
    return JSON.convertValue(json, Schema.class);
  }

  /** A reference to the schema of a type. */
  static Schema<?> reference(Class<?> type) {
    return new Schema<>().$ref(Components.COMPONENTS_SCHEMAS_REF + type.getSimpleName());
  }

  static Map<String, Object> map(String json) {
    try {
      return JSON.readValue(json, new TypeReference<>() {});
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  static <T> T read(Object json, Class<T> type) {
    return JSON.convertValue(json, type);
  }

  /** The schema with all that the overlay says; a null there takes a member away. */
  static Schema<?> overlaid(Schema<?> schema, Map<String, Object> overlay) {
    ObjectNode tree = JSON.valueToTree(schema);
    lay(tree, WITH_NULLS.valueToTree(overlay));
    return JSON.convertValue(tree, Schema.class);
  }

  /** The members with those that the overlay names; a null there takes a member away. */
  static Map<String, Object> overlaid(Map<?, ?> members, Map<String, @Nullable Object> overlay) {
    var laid = new LinkedHashMap<String, Object>();
    members.forEach((name, value) -> laid.put(String.valueOf(name), value));
    overlay.forEach(
        (name, value) -> {
          if (value == null) {
            laid.remove(name);
          } else {
            laid.put(name, value);
          }
        });
    return laid;
  }

  private static void lay(ObjectNode under, ObjectNode over) {
    over.properties()
        .forEach(
            member -> {
              String name = member.getKey();
              if (member.getValue().isNull()) {
                under.remove(name);
              } else if (!name.equals("example")
                  && member.getValue() instanceof ObjectNode inner
                  && under.get(name) instanceof ObjectNode known) {
                lay(known, inner);
              } else {
                under.set(name, member.getValue());
              }
            });
  }
}
