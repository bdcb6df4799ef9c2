package dev.skreaver.gateway.command;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.command.CommandOutcome;
import dev.skreaver.api.command.CommandQueries;
import dev.skreaver.gateway.request.FromQuery;
import dev.skreaver.gateway.request.Read;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the ledger can be asked for. All filters that are given must hold.
 *
 * @param tenant another tenant than the caller's own; only for administrators
 * @param after the {@code next} of the page before
 */
record CommandFilters(
    @Nullable AgentId agentId,
    @Nullable String actor,
    List<CommandOutcome> outcome,
    @Nullable Instant from,
    @Nullable Instant before,
    @Nullable TenantId tenant,
    @Nullable String after,
    @Min(1) @Max(1000) @Nullable Integer limit)
    implements FromQuery {
  private static final int DEFAULT_LIMIT = 100;

  CommandQueries.Search search(Read read) {
    return new CommandQueries.Search(
        read.tenant(tenant),
        agentId,
        actor,
        outcome,
        from,
        before,
        after,
        limit == null ? DEFAULT_LIMIT : limit,
        read.minPosition());
  }
}
