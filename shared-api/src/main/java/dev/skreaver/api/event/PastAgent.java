package dev.skreaver.api.event;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.json.WireJson;
import org.axonframework.serialization.SimpleSerializedType;
import org.jspecify.annotations.Nullable;

/**
 * An agent as its first events made it: the fold of recorded events by which every kind of time
 * travel sees the past.
 *
 * @param agent null if it was deleted, or cannot be known
 * @param erased the position of the first event whose payload is gone, without which it cannot be
 *     known; null if there is none, or it does not matter any more
 * @param position of the last of these events
 */
public record PastAgent(@Nullable AgentView agent, @Nullable Long erased, long position) {
  /** Before the first event. */
  public static final PastAgent NONE = new PastAgent(null, null, 0);

  /**
   * After one more event.
   *
   * @throws UnknownEventException for an event that only a newer release knows
   */
  public PastAgent then(RecordedEvent recorded) {
    if (recorded.type().equals(EventCatalog.AGENT_DELETED.wireName())) {
      return new PastAgent(null, null, recorded.position());
    }
    if (erased != null || recorded.data().isNull()) {
      return new PastAgent(
          null, erased == null ? recorded.position() : erased, recorded.position());
    }
    var type =
        EventFormat.instance()
            .classForType(
                new SimpleSerializedType(recorded.type(), String.valueOf(recorded.revision())));
    var event = (AgentEvent) WireJson.mapper().treeToValue(recorded.data(), type);
    return new PastAgent(
        AgentView.after(agent, event, recorded.time(), recorded.version()),
        null,
        recorded.position());
  }
}
