package dev.skreaver.gateway.audit;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.event.CausationQueries;
import dev.skreaver.gateway.request.FromQuery;
import dev.skreaver.gateway.request.Read;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.jspecify.annotations.Nullable;

/**
 * How far causes and effects are followed.
 *
 * @param tenant another tenant than the caller's own; only for administrators
 */
record TraceFilters(
    @Min(1) @Max(100) @Nullable Integer depth,
    @Min(1) @Max(1000) @Nullable Integer limit,
    @Nullable TenantId tenant)
    implements FromQuery {
  private static final int DEFAULT_DEPTH = 25;
  private static final int DEFAULT_LIMIT = 100;

  CausationQueries.From from(EventReference event, Read read) {
    return new CausationQueries.From(
        read.tenant(tenant),
        event.eventId(),
        event.position(),
        depth == null ? DEFAULT_DEPTH : depth,
        limit == null ? DEFAULT_LIMIT : limit,
        read.minPosition());
  }
}
