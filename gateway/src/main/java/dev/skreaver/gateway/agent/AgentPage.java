package dev.skreaver.gateway.agent;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code GET /agents}.
 *
 * @param total how many agents match the filters, on all pages; absent for the past, where all of
 *     the fleet would have to be folded to know it
 * @param erased agents of the past that cannot be shown; absent if there are none
 * @param nextCursor absent on the last page
 * @param position that the answer is no older than, for its header
 */
record AgentPage(
    List<AgentView> agents,
    @Nullable Long total,
    @Nullable List<AgentId> erased,
    @Nullable String nextCursor,
    @JsonIgnore long position) {

  static AgentPage of(AgentQueries.Page page) {
    return new AgentPage(page.agents(), page.total(), null, page.nextCursor(), page.position());
  }

  static AgentPage of(AgentQueries.PastPage page) {
    return new AgentPage(
        page.agents(),
        null,
        page.erased().isEmpty() ? null : page.erased(),
        page.nextCursor(),
        page.position());
  }
}
