package dev.skreaver.api.event;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.json.WireJson;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;

/**
 * An event as audit, streams and the mesh show it.
 *
 * @param position its place in the one global order of the event store; it never changes, and a
 *     reader that has seen position p never later finds an event at or below p. Positions are not
 *     dense: a hole means nothing
 * @param previous the position of the event before it in the global order (0 for the first), by
 *     which a reader proves that it has missed none; null where a filter was applied
 * @param type the event's name, for example {@code agent.paused}
 * @param version the number of the event within its agent, counted from 0
 * @param data the event's payload in its current revision; JSON's null when it was erased
 */
public record RecordedEvent(
    long position,
    @Nullable Long previous,
    UUID eventId,
    String type,
    int revision,
    TenantId tenant,
    AgentId agentId,
    long version,
    Instant time,
    Actor actor,
    @Nullable String requestId,
    @Nullable String correlationId,
    @Nullable String causationId,
    @Nullable String idempotencyKey,
    JsonNode data) {

  private static final TypeReference<Map<String, String>> METADATA = new TypeReference<>() {};

  /**
   * From a row of the view {@code event_store.recorded_event}, with the payload brought to its
   * current revision. This is the one mapping that the relay and the query service share. An event
   * that only a newer release knows is passed on as it was written.
   *
   * @param previous the position of the row read before it, or the one after which reading began;
   *     null where a filter was applied
   * @param metadata a JSON object of strings, as the event store writes it
   * @param payload null when it was erased; {@link #data} is then JSON's null
   */
  public static RecordedEvent stored(
      long position,
      @Nullable Long previous,
      String tenant,
      String agentId,
      long version,
      UUID eventId,
      String type,
      int revision,
      Instant time,
      byte[] metadata,
      byte @Nullable [] payload) {
    Map<String, String> facts = WireJson.mapper().readValue(metadata, METADATA);
    EventFormat.Payload current =
        EventFormat.current(eventId, type, revision, time, metadata, payload);
    return new RecordedEvent(
        position,
        previous,
        eventId,
        current.type(),
        current.revision(),
        new TenantId(tenant),
        new AgentId(agentId),
        version,
        time,
        new Actor(
            facts.getOrDefault("subject", "unknown"),
            facts.getOrDefault("authentication", "unknown")),
        facts.get("request_id"),
        facts.get("correlation_id"),
        facts.get("causation_id"),
        facts.get("idempotency_key"),
        current.data());
  }

  /** On whose behalf, and how that was known. */
  public record Actor(String subject, String authentication) {}
}
