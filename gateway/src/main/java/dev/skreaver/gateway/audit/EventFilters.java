package dev.skreaver.gateway.audit;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.gateway.request.FromQuery;
import dev.skreaver.gateway.request.Read;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the audit trail can be asked for. All filters that are given must hold.
 *
 * @param tenant another tenant than the caller's own; only for administrators
 * @param after only events behind this position
 */
record EventFilters(
    List<String> type,
    @Nullable String actor,
    @Nullable String correlationId,
    @Nullable Instant from,
    @Nullable Instant before,
    @Nullable TenantId tenant,
    @Nullable Long after,
    @Min(1) @Max(1000) @Nullable Integer limit)
    implements FromQuery {
  private static final List<String> TYPES = EventFormat.instance().names();

  EventFilters {
    if (!TYPES.containsAll(type)) {
      throw Refusal.invalidField("type", "must be one of " + String.join(", ", TYPES));
    }
  }

  /**
   * @param agent only this agent's events; those of all agents, if null
   * @param pageSize how many events a page holds at most
   * @throws Refusal {@code insufficient_permissions} for a tenant that is not the caller's
   */
  EventQueries.Search search(@Nullable AgentId agent, Read read, int pageSize) {
    return new EventQueries.Search(
        read.tenant(tenant),
        agent,
        type,
        actor,
        correlationId,
        from,
        before,
        after == null ? 0 : after,
        pageSize,
        read.minPosition());
  }
}
