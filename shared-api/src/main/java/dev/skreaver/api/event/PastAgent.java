package dev.skreaver.api.event;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentView;
import java.util.List;
import java.util.Objects;
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
   * After one more event, as this release reads it.
   *
   * @throws UnknownEventException for an event that only a newer release knows
   */
  public PastAgent then(RecordedEvent recorded) {
    return then(recorded, EventFormat.instance());
  }

  /**
   * After one more event.
   *
   * @throws UnknownEventException for an event that only a newer release knows
   */
  public PastAgent then(RecordedEvent recorded, EventFormat format) {
    List<CurrentEvent> events = format.current(recorded);
    if (events.stream().anyMatch(event -> !event.type().isOfAgent())) {
      return this;
    }
    if (events.stream().anyMatch(event -> event.type() == EventCatalog.AGENT_DELETED)) {
      return new PastAgent(null, null, recorded.position());
    }
    if (erased != null || recorded.data().isNull()) {
      return new PastAgent(
          null, erased == null ? recorded.position() : erased, recorded.position());
    }
    return new PastAgent(after(recorded, events), null, recorded.position());
  }

  private @Nullable AgentView after(RecordedEvent recorded, List<CurrentEvent> events) {
    AgentView view = agent;
    if (events.isEmpty() && view != null) {
      return view.afterDropped(recorded.time(), recorded.version());
    }
    for (CurrentEvent current : events) {
      var event = (AgentEvent) Objects.requireNonNull(current.event());
      view = AgentView.after(view, event, recorded.time(), recorded.version());
    }
    return view;
  }
}
