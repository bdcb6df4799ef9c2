package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.gateway.request.FromQuery;
import dev.skreaver.gateway.request.Order;
import dev.skreaver.gateway.request.Read;
import dev.skreaver.gateway.request.Repeated;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** What {@code GET /agents} can be asked for. */
record AgentFilters(
    List<StatusFilter> status,
    @Nullable AgentType type,
    @Nullable String namePrefix,
    @Repeated List<String> label,
    @Nullable Instant createdFrom,
    @Nullable Instant createdBefore,
    AgentQueries.@Nullable Sort sort,
    @Nullable Order order,
    @Min(1) @Max(200) @Nullable Integer limit,
    @Nullable String cursor,
    At moment)
    implements FromQuery {
  private static final int DEFAULT_LIMIT = 50;

  Mono<AgentPage> page(Read read, AgentQueries queries) {
    var at = moment.moment();
    return at == null
        ? queries.list(find(read)).map(AgentPage::of)
        : queries.listAt(new AgentQueries.FindAt(find(read), at)).map(AgentPage::of);
  }

  private AgentQueries.Find find(Read read) {
    return new AgentQueries.Find(
        read.identity().tenant(),
        status.stream().flatMap(filter -> filter.statuses().stream()).distinct().sorted().toList(),
        type,
        namePrefix,
        labels(),
        createdFrom,
        createdBefore,
        sort == null ? AgentQueries.Sort.CREATED_AT : sort,
        order == Order.DESC,
        limit == null ? DEFAULT_LIMIT : limit,
        cursor,
        read.minPosition());
  }

  private Map<String, String> labels() {
    var labels = new LinkedHashMap<String, String>();
    for (String pair : label) {
      int colon = pair.indexOf(':');
      if (colon < 1) {
        throw Refusal.invalidField("label", "must be key:value, for example team:search");
      }
      String before = labels.put(pair.substring(0, colon), pair.substring(colon + 1));
      if (before != null) {
        throw Refusal.invalidField("label", "names a key twice; no agent can match");
      }
    }
    return labels;
  }
}
