package dev.skreaver.api.event;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.subject.SubjectErased;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Every event's name and current revision on the wire and in the event store. A name is forever and
 * a released revision never changes its schema; a new one is reached by an {@link Upcast}.
 */
public enum EventCatalog {
  AGENT_CREATED("agent.created", 1, AgentEvent.Created.class),
  AGENT_STARTED("agent.started", 1, AgentEvent.Started.class),
  AGENT_UPDATED("agent.updated", 1, AgentEvent.Updated.class),
  AGENT_PAUSED("agent.paused", 1, AgentEvent.Paused.class),
  AGENT_RESUMED("agent.resumed", 1, AgentEvent.Resumed.class),
  AGENT_STOPPED("agent.stopped", 1, AgentEvent.Stopped.class),
  AGENT_ERROR("agent.error", 1, AgentEvent.ErrorReported.class),
  AGENT_RECOVERED("agent.recovered", 1, AgentEvent.Recovered.class),
  AGENT_DELETED("agent.deleted", 1, AgentEvent.Deleted.class),
  SUBJECT_ERASED("subject.erased", 1, SubjectErased.class);

  /** From each form that is no longer written to a later one, in the order of the revisions. */
  static final List<Upcast> UPCASTS = List.of();

  private static final Map<String, EventCatalog> BY_NAME;
  private static final Map<Class<?>, EventCatalog> BY_TYPE;

  static {
    var byName = new LinkedHashMap<String, EventCatalog>();
    var byType = new LinkedHashMap<Class<?>, EventCatalog>();
    for (EventCatalog entry : values()) {
      byName.put(entry.wireName, entry);
      byType.put(entry.type, entry);
    }
    BY_NAME = Collections.unmodifiableMap(byName);
    BY_TYPE = Collections.unmodifiableMap(byType);
  }

  private final String wireName;
  private final int revision;
  private final Class<? extends DomainEvent> type;

  EventCatalog(String wireName, int revision, Class<? extends DomainEvent> type) {
    this.wireName = wireName;
    this.revision = revision;
    this.type = type;
  }

  public String wireName() {
    return wireName;
  }

  /** The revision that is written today. */
  public int revision() {
    return revision;
  }

  public Class<? extends DomainEvent> type() {
    return type;
  }

  /** Whether it is part of an agent's life. */
  public boolean isOfAgent() {
    return AgentEvent.class.isAssignableFrom(type);
  }

  public static EventCatalog of(Class<?> type) {
    EventCatalog entry = BY_TYPE.get(type);
    if (entry == null) {
      throw new IllegalArgumentException(type + " is not in the event catalog");
    }
    return entry;
  }

  /**
   * @throws UnknownEventException if this release knows no such event
   */
  public static EventCatalog named(String wireName) {
    EventCatalog entry = BY_NAME.get(wireName);
    if (entry == null) {
      throw new UnknownEventException(
          "unknown event '%s': it was written by a newer release; known are %s"
              .formatted(wireName, Arrays.stream(values()).map(EventCatalog::wireName).toList()));
    }
    return entry;
  }
}
