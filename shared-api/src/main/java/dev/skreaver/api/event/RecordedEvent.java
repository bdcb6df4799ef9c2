package dev.skreaver.api.event;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.event.Upcast.Form;
import dev.skreaver.api.json.WireJson;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

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
 * @param commandId of the command that caused it; null if that came before there was a ledger
 * @param command the name of that command, for example {@code pause}
 * @param data the event's payload in its current revision, or as it was recorded if one event can
 *     no longer say it; JSON's null when it was erased
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
    @Nullable UUID commandId,
    @Nullable String command,
    JsonNode data) {

  private static final TypeReference<Map<String, String>> METADATA = new TypeReference<>() {};

  /**
   * From a row of the view {@code event_store.recorded_event}. This is the one mapping that the
   * relay and the query service share.
   *
   * @param format brings the payload to its current revision; an event that was split or dropped
   *     since, or that only a newer release knows, is passed on as it was recorded
   * @param previous the position of the row read before it, or the one after which reading began;
   *     null where a filter was applied
   * @param metadata a JSON object of strings, as the event store writes it
   * @param payload null when it was erased; {@link #data} is then JSON's null
   */
  public static RecordedEvent stored(
      EventFormat format,
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
    JsonNode data =
        payload == null ? JsonNodeFactory.instance.nullNode() : WireJson.mapper().readTree(payload);
    EventFormat.Shown shown = format.shown(new Form(type, revision), data);
    String commandId = facts.get("command_id");
    return new RecordedEvent(
        position,
        previous,
        eventId,
        shown.form().name(),
        shown.form().revision(),
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
        commandId == null ? null : UUID.fromString(commandId),
        facts.get("command"),
        shown.data());
  }

  /** The same event as this format shows it: it may have been read by an older release. */
  RecordedEvent in(EventFormat format) {
    var form = new Form(type, revision);
    EventFormat.Shown shown = format.shown(form, data);
    return shown.form().equals(form)
        ? this
        : new RecordedEvent(
            position,
            previous,
            eventId,
            shown.form().name(),
            shown.form().revision(),
            tenant,
            agentId,
            version,
            time,
            actor,
            requestId,
            correlationId,
            causationId,
            idempotencyKey,
            commandId,
            command,
            shown.data());
  }

  /** The same event with these texts in place of others. */
  public RecordedEvent showing(String subject, JsonNode shown) {
    return new RecordedEvent(
        position,
        previous,
        eventId,
        type,
        revision,
        tenant,
        agentId,
        version,
        time,
        new Actor(subject, actor.authentication()),
        requestId,
        correlationId,
        causationId,
        idempotencyKey,
        commandId,
        command,
        shown);
  }

  /** On whose behalf, and how that was known. */
  public record Actor(String subject, String authentication) {}
}
