package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code GET /agents}.
 *
 * @param total how many agents match the filters, on all pages
 * @param nextCursor absent on the last page
 */
record AgentPage(List<AgentView> agents, long total, @Nullable String nextCursor) {}
