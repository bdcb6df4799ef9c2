package dev.skreaver.query.projection;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.event.CurrentEvent;
import dev.skreaver.api.event.RecordedEvent;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event as a projection gets it. What is personal in it is still sealed, so that read models
 * hold nothing that an erasure would have to look for.
 *
 * @param position its place in the one global order of the event store
 * @param type the name under which it is shown, for example {@code agent.paused}
 * @param version the number of the event within its agent, counted from 0
 * @param commandId of the command that caused it
 * @param events what it says in the words of this release: one event, several if it was split, none
 *     if it means nothing any more
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
    @Nullable UUID commandId,
    List<CurrentEvent> events) {}
