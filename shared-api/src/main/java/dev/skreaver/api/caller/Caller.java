package dev.skreaver.api.caller;

import dev.skreaver.api.agent.TenantId;
import org.jspecify.annotations.Nullable;

/**
 * On whose behalf a command or a query is made. The gateway derives it from the verified token and
 * the request; it is stored with every event.
 *
 * @param tenant the only tenant whose agents and events this caller can reach
 * @param subject the token's {@code sub}
 * @param authentication how the subject was authenticated, for example {@code jwt}
 * @param requestId the id of the request at the edge
 * @param correlationId joins everything that follows from one cause; the request id if the client
 *     gave none
 * @param causationId the event or command that led to this one
 */
public record Caller(
    TenantId tenant,
    String subject,
    String authentication,
    String requestId,
    String correlationId,
    @Nullable String causationId) {}
