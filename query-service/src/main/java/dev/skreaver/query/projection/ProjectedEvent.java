package dev.skreaver.query.projection;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.event.RecordedEvent;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event as a projection gets it.
 *
 * @param position its place in the one global order of the event store
 * @param type the event's name, for example {@code agent.paused}
 * @param version the number of the event within its agent, counted from 0
 * @param event null if its payload was erased
 */
public record ProjectedEvent(
    long position,
    UUID eventId,
    String type,
    AgentKey agent,
    long version,
    Instant time,
    RecordedEvent.Actor actor,
    @Nullable String requestId,
    @Nullable String correlationId,
    @Nullable String causationId,
    @Nullable String idempotencyKey,
    @Nullable AgentEvent event) {}
