package dev.skreaver.api.event;

import dev.skreaver.api.agent.TenantId;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;
import reactor.core.publisher.Mono;

/**
 * What the query service offers about why things happened. A command may name an event, or another
 * command, as its cause; its events carry that name as their {@code causation_id}. So the events of
 * a tenant are a graph across its agents.
 */
@HttpExchange("/internal/causation")
public interface CausationQueries {
  /**
   * The events that led to an event: those that its {@code causation_id} names, those that theirs
   * name, and so on, up to the root. Fails with {@code event_not_found}.
   */
  @PostExchange("/causes")
  Mono<Trace> causes(@RequestBody From query);

  /** The events that an event led to, and those that these led to. Fails likewise. */
  @PostExchange("/effects")
  Mono<Trace> effects(@RequestBody From query);

  /**
   * One of the first two says which event.
   *
   * @param depth how many steps to go, 1 to 100
   * @param limit how many events to answer with, 1 to 1000
   */
  record From(
      TenantId tenant,
      @Nullable UUID eventId,
      @Nullable Long eventPosition,
      int depth,
      int limit,
      @Nullable Long minPosition) {}

  /**
   * @param steps by depth, then by position; each event is there once
   * @param truncated whether there are more events than the depth or the limit allowed, or than are
   *     kept outside of the archive
   * @param position that the answer is no older than
   */
  record Trace(RecordedEvent event, List<Step> steps, boolean truncated, long position) {}

  /**
   * @param depth how many steps the event is away; a direct cause or effect is at 1
   */
  record Step(int depth, RecordedEvent event) {}
}
