package dev.skreaver.command.store;

import dev.skreaver.api.command.CommandOutcome;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A command of which no event tells.
 *
 * @param aggregateIdentifier {@code tenant/key} of what it was meant for; the tenant is the
 *     caller's
 * @param subject sealed, as all that is personal
 * @param reason sealed
 * @param error the code of the refusal
 * @param repeats the earlier command
 */
public record LedgerEntry(
    UUID commandId,
    String command,
    String aggregateIdentifier,
    String subject,
    String authentication,
    String requestId,
    String correlationId,
    @Nullable String causationId,
    @Nullable String idempotencyKey,
    @Nullable String reason,
    Instant time,
    CommandOutcome outcome,
    @Nullable String error,
    @Nullable UUID repeats) {}
