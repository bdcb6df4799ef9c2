package dev.skreaver.api.command;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;
import reactor.core.publisher.Mono;

/** What the query service offers about commands. */
@HttpExchange("/internal/commands")
public interface CommandQueries {
  /** A page of the ledger, by filters, in the order in which the commands were settled. */
  @PostExchange("/search")
  Mono<Page> search(@RequestBody Search query);

  /** One command; fails with {@link dev.skreaver.api.error.Refusal} {@code command_not_found}. */
  @PostExchange("/get")
  Mono<Found> get(@RequestBody Get query);

  /**
   * All filters that are given must hold.
   *
   * @param outcomes any of these; all if empty
   * @param after only commands behind this cursor, the {@code next} of the page before
   * @param limit 1 to 1000
   */
  record Search(
      TenantId tenant,
      @Nullable AgentId agentId,
      @Nullable String actor,
      List<CommandOutcome> outcomes,
      @Nullable Instant from,
      @Nullable Instant before,
      @Nullable String after,
      int limit,
      @Nullable Long minPosition) {}

  /**
   * @param next the cursor to ask after for the next page; null on the last
   * @param position that the answer is no older than
   */
  record Page(List<RecordedCommand> commands, @Nullable String next, long position) {}

  record Get(TenantId tenant, UUID commandId, @Nullable Long minPosition) {}

  /**
   * @param position that the answer is no older than
   */
  record Found(RecordedCommand command, long position) {}
}
