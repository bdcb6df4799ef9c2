package dev.skreaver.command.store;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.GenericDomainEventMessage;

/** Events to store, and what a reader of the view sees of them. */
final class StoredEvents {
  private StoredEvents() {}

  /** Event {@code version} of {@code tenant/agent}. */
  static DomainEventMessage<AgentEvent> event(String aggregate, long version) {
    AgentId id = new AgentId(StreamKey.parse(aggregate).key());
    AgentEvent event =
        version == 0 ? new AgentEvent.Started(id) : new AgentEvent.Paused(id, "version " + version);
    return new GenericDomainEventMessage<>(
        "agent",
        aggregate,
        version,
        event,
        Map.of("tenant", StreamKey.parse(aggregate).tenant(), "subject", "ada"));
  }

  record Seen(long position, String agent, long version) {}

  static List<Seen> after(DataSource dataSource, long position) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        var statement =
            connection.prepareStatement(
                """
                SELECT position, agent_id, version FROM event_store.recorded_event
                WHERE position > ? ORDER BY position LIMIT 100
                """)) {
      statement.setLong(1, position);
      var seen = new ArrayList<Seen>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          seen.add(new Seen(row.getLong(1), row.getString(2), row.getLong(3)));
        }
      }
      return seen;
    }
  }
}
