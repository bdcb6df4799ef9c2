package dev.skreaver.query.agent;

import dev.skreaver.api.agent.AgentQueries.Change;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.json.WireJson;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The members by which two views of an agent differ. */
final class AgentChanges {
  /** It says again what other members say. */
  private static final String DERIVED = "state";

  private final List<Change> changes = new ArrayList<>();

  private AgentChanges() {}

  /**
   * @param before null if the agent was not there
   * @param after null if the agent is not there
   */
  static List<Change> between(@Nullable AgentView before, @Nullable AgentView after) {
    var found = new AgentChanges();
    found.compareMembers(JsonPointer.empty(), members(before), members(after));
    return found.changes;
  }

  /** As they are on the wire, where a number has no Java type. */
  private static ObjectNode members(@Nullable AgentView agent) {
    ObjectNode members =
        agent == null
            ? WireJson.mapper().createObjectNode()
            : (ObjectNode) WireJson.mapper().readTree(WireJson.mapper().writeValueAsBytes(agent));
    members.remove(DERIVED);
    return members;
  }

  private void compareMembers(JsonPointer path, ObjectNode before, ObjectNode after) {
    var names = new LinkedHashSet<>(before.propertyNames());
    names.addAll(after.propertyNames());
    for (String name : names) {
      compare(path.appendProperty(name), before.get(name), after.get(name));
    }
  }

  private void compare(JsonPointer path, @Nullable JsonNode before, @Nullable JsonNode after) {
    if (before instanceof ObjectNode then && after instanceof ObjectNode now) {
      compareMembers(path, then, now);
    } else if (before == null || !before.equals(after)) {
      changes.add(new Change(path.toString(), before, after));
    }
  }
}
