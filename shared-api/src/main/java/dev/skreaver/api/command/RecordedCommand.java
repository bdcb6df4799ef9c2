package dev.skreaver.api.command;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.event.RecordedEvent.Actor;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A command as the ledger has it.
 *
 * @param command its name, for example {@code pause}
 * @param reason that was given with it; null for commands that have none
 * @param time when it was carried out, else when it came
 * @param error the code of the refusal; null if it was not refused
 * @param repeats the earlier command with the same idempotency key; null if it was none, or one
 *     that was carried out before there was a ledger
 * @param events that it caused, in order; none unless it was accepted
 */
public record RecordedCommand(
    UUID commandId,
    String command,
    TenantId tenant,
    AgentId agentId,
    Actor actor,
    @Nullable String reason,
    @Nullable String idempotencyKey,
    @Nullable String requestId,
    @Nullable String correlationId,
    @Nullable String causationId,
    Instant time,
    CommandOutcome outcome,
    @Nullable String error,
    @Nullable UUID repeats,
    List<CausedEvent> events) {

  /** The same command with these texts in place of others. */
  public RecordedCommand showing(String subject, @Nullable String shownReason) {
    return new RecordedCommand(
        commandId,
        command,
        tenant,
        agentId,
        new Actor(subject, actor.authentication()),
        shownReason,
        idempotencyKey,
        requestId,
        correlationId,
        causationId,
        time,
        outcome,
        error,
        repeats,
        events);
  }

  /**
   * @param type the event's name, for example {@code agent.paused}
   */
  public record CausedEvent(long position, UUID eventId, String type) {}
}
