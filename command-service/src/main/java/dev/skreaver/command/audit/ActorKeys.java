package dev.skreaver.command.audit;

import dev.skreaver.api.audit.StoredEvent;
import dev.skreaver.api.audit.Verification.Fault;
import dev.skreaver.api.audit.Verification.Kind;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.api.personal.KeyRing;
import dev.skreaver.api.personal.SealedText;
import dev.skreaver.api.personal.SubjectKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * Whether the keys of those who acted are still those that sealed their names. No hash covers a
 * key, and whoever removes or replaces one erases its subject without a word. What an erasure
 * destroyed is {@link AuditedStore#erasedUntold}'s.
 */
final class ActorKeys {
  private static final String KEYS =
      """
      SELECT t.name || '/' || k.key_id, k.key_id, k.key FROM event_store.subject_key k
      JOIN event_store.tenant t ON t.tenant_id = k.tenant_id WHERE k.key_id = ANY(?)
      """;

  private final Set<String> seen = new HashSet<>();
  private @Nullable Fault fault;

  /**
   * The first that was found; null if none.
   *
   * @param through up to this position: pages are read ahead
   */
  @Nullable Fault fault(long through) {
    return fault == null || fault.position() > through ? null : fault;
  }

  /**
   * @param page the next events, in order
   */
  void check(Connection connection, List<StoredEvent> page) throws SQLException {
    var first = new LinkedHashMap<String, StoredEvent>();
    var ids = new HashSet<String>();
    for (StoredEvent event : page) {
      String id = SealedText.keyId(actor(event));
      if (id != null && seen.add(event.tenant() + "/" + id)) {
        first.put(event.tenant() + "/" + id, event);
        ids.add(id);
      }
    }
    if (fault != null || first.isEmpty()) {
      return;
    }
    Map<String, SubjectKey> keys = keys(connection, ids);
    for (var use : first.entrySet()) {
      if (fault == null) {
        fault = fault(use.getValue(), keys.get(use.getKey()));
      }
    }
  }

  private static Map<String, SubjectKey> keys(Connection connection, Set<String> ids)
      throws SQLException {
    var keys = new HashMap<String, SubjectKey>();
    try (PreparedStatement statement = connection.prepareStatement(KEYS)) {
      statement.setArray(1, connection.createArrayOf("text", ids.toArray()));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          keys.put(row.getString(1), new SubjectKey(row.getString(2), row.getBytes(3)));
        }
      }
    }
    return keys;
  }

  private static @Nullable Fault fault(StoredEvent event, @Nullable SubjectKey key) {
    String actor = actor(event);
    if (key == null) {
      return new Fault(
          event.position(),
          Kind.KEY_DESTROYED,
          "the key that the name of this event's actor was sealed under is not there");
    }
    return new KeyRing(Map.of(key.id(), key)).open(actor).equals(actor)
        ? new Fault(
            event.position(),
            Kind.KEY_DESTROYED,
            "the key %s is not the one that the name of this event's actor was sealed under"
                .formatted(key.id()))
        : null;
  }

  private static String actor(StoredEvent event) {
    try {
      return WireJson.mapper().readTree(event.metadata()).path("subject").asString("");
    } catch (JacksonException notAsItWasStored) {
      return "";
    }
  }
}
