package dev.skreaver.gateway.audit;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.gateway.request.FromQuery;
import org.jspecify.annotations.Nullable;

/** What the audit trail of a whole tenant can be asked for. */
record TrailFilters(@Nullable AgentId agent, EventFilters events) implements FromQuery {}
