package dev.skreaver.api.event;

import dev.skreaver.api.json.WireJson;
import java.time.Instant;
import java.util.UUID;
import java.util.stream.Stream;
import org.axonframework.eventhandling.GenericDomainEventEntry;
import org.axonframework.serialization.SerializedType;
import org.axonframework.serialization.SimpleSerializedType;
import org.axonframework.serialization.jackson3.Jackson3Serializer;
import org.axonframework.serialization.upcasting.event.EventUpcaster;
import org.axonframework.serialization.upcasting.event.EventUpcasterChain;
import org.axonframework.serialization.upcasting.event.InitialEventRepresentation;
import org.axonframework.serialization.upcasting.event.IntermediateEventRepresentation;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * How events are written and read: JSON by {@link WireJson}, under the names and revisions of
 * {@link EventCatalog} instead of Java class names, through {@link #upcasters} on the way in.
 */
public final class EventFormat extends Jackson3Serializer {
  private static final EventFormat INSTANCE = new EventFormat();
  private static final EventUpcaster UPCASTERS = upcasters();

  private EventFormat() {
    super(Jackson3Serializer.builder().jsonMapperBuilderCustomizer(WireJson::configure));
  }

  public static EventFormat instance() {
    return INSTANCE;
  }

  /** Brings events of older revisions to the current one, oldest first. */
  public static EventUpcaster upcasters() {
    return new EventUpcasterChain();
  }

  /** A stored payload in its current revision, as JSON, without making an object of it. */
  static Payload current(
      UUID eventId,
      String type,
      int revision,
      Instant time,
      byte[] metadata,
      byte @Nullable [] payload) {
    if (payload == null) {
      return new Payload(type, revision, JsonNodeFactory.instance.nullNode());
    }
    if (EventCatalog.isCurrent(type, revision)) {
      return new Payload(type, revision, WireJson.mapper().readTree(payload));
    }
    var entry =
        new GenericDomainEventEntry<>(
            null,
            eventId.toString(),
            0,
            eventId.toString(),
            time,
            type,
            String.valueOf(revision),
            payload,
            metadata);
    IntermediateEventRepresentation current =
        UPCASTERS
            .upcast(Stream.of(new InitialEventRepresentation(entry, INSTANCE)))
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("an upcaster dropped " + eventId));
    String currentRevision = current.getType().getRevision();
    return new Payload(
        current.getType().getName(),
        currentRevision == null ? revision : Integer.parseInt(currentRevision),
        current.getData(JsonNode.class).getData());
  }

  record Payload(String type, int revision, JsonNode data) {}

  /**
   * @throws UnknownEventException for a name or a revision that only a newer release knows
   */
  @Override
  public Class<?> classForType(SerializedType type) {
    if (SimpleSerializedType.emptyType().equals(type) || type.getName().contains("MetaData")) {
      return super.classForType(type);
    }
    EventCatalog entry = EventCatalog.named(type.getName());
    String revision = type.getRevision();
    if (revision != null && Integer.parseInt(revision) > entry.revision()) {
      throw new UnknownEventException(
          "event '%s' has revision %s, this release reads up to %d: upgrade it"
              .formatted(entry.wireName(), revision, entry.revision()));
    }
    return entry.type();
  }

  @Override
  public SerializedType typeForClass(@SuppressWarnings("rawtypes") Class type) {
    if (!dev.skreaver.api.agent.AgentEvent.class.isAssignableFrom(type)) {
      return super.typeForClass(type);
    }
    EventCatalog entry = EventCatalog.of(type);
    return new SimpleSerializedType(entry.wireName(), String.valueOf(entry.revision()));
  }
}
