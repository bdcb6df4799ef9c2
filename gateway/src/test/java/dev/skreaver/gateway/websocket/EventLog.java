package dev.skreaver.gateway.websocket;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.json.WireJson;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** A small event store in memory, with the promises of the real one about order and position. */
public final class EventLog implements EventQueries {
  private final List<RecordedEvent> events = new ArrayList<>();
  private final Sinks.Many<RecordedEvent> live = Sinks.many().replay().all();
  private volatile Mono<?> answersAfter = Mono.empty();
  private volatile Mono<?> deliversAfter = Mono.empty();
  private long head;
  private long archived;

  /** Positions have holes on purpose. */
  public synchronized long record(String tenant, String agent, String type, Map<String, ?> data) {
    long previous = head;
    head += 1 + head % 3;
    var event =
        new RecordedEvent(
            head,
            previous,
            UUID.randomUUID(),
            type,
            1,
            new TenantId(tenant),
            new AgentId(agent),
            events.stream().filter(other -> other.agentId().value().equals(agent)).count(),
            Instant.parse("2026-01-02T03:04:05Z").plusMillis(head),
            new RecordedEvent.Actor("someone", "jwt"),
            "request-1",
            "correlation-1",
            null,
            null,
            null,
            null,
            WireJson.mapper().valueToTree(data));
    events.add(event);
    live.tryEmitNext(event).orThrow();
    return head;
  }

  /** From now on a tenant's history does not have this text any more; what was told before has. */
  public synchronized long erase(String tenant, String text) {
    var json = WireJson.mapper();
    events.replaceAll(
        event ->
            event.tenant().value().equals(tenant)
                ? json.readValue(
                    json.writeValueAsString(event).replace("\"" + text + "\"", "\"[erased]\""),
                    RecordedEvent.class)
                : event);
    return record(tenant, "subject", "subject.erased", Map.of());
  }

  public synchronized long head() {
    return head;
  }

  /** Takes away what lies up to this position. */
  public synchronized void archive(long through) {
    archived = through;
    events.removeIf(event -> event.position() <= through);
  }

  /** What lies behind a position. */
  public synchronized List<RecordedEvent> after(long position) {
    return events.stream().filter(event -> event.position() > position).toList();
  }

  /** The positions of a tenant's events behind this one. */
  public List<Long> positions(String tenant, long after) {
    return after(after).stream()
        .filter(event -> event.tenant().value().equals(tenant))
        .map(RecordedEvent::position)
        .toList();
  }

  /** From now on questions about its bounds wait for this. */
  public void answerAfter(Mono<?> signal) {
    answersAfter = signal;
  }

  /** From now on pages of a search, read when they are asked for, are on their way until this. */
  public void deliverAfter(Mono<?> signal) {
    deliversAfter = signal;
  }

  @Override
  public synchronized Mono<History> history(After query) {
    List<RecordedEvent> page =
        events.stream()
            .filter(event -> event.position() > query.after())
            .filter(event -> event.tenant().equals(query.tenant()))
            .filter(event -> query.agentId() == null || event.agentId().equals(query.agentId()))
            .limit(query.limit())
            .toList();
    long through = page.size() < query.limit() ? head : page.getLast().position();
    return Mono.just(new History(page, through, earliest(), head));
  }

  @Override
  public Flux<RecordedEvent> live(long after) {
    return live.asFlux().filter(event -> event.position() > after);
  }

  @Override
  public Mono<Bounds> bounds() {
    return answersAfter.then(Mono.fromSupplier(() -> new Bounds(earliest(), head())));
  }

  /** By tenant, agent and position; it knows no other filter. */
  @Override
  public Mono<Page> search(Search query) {
    return history(new After(query.tenant(), query.agentId(), query.after(), query.limit()))
        .map(
            found -> {
              boolean more = found.events().size() == query.limit();
              return new Page(found.events(), more ? found.through() : null, found.head());
            })
        .delayUntil(_ -> deliversAfter);
  }

  private synchronized long earliest() {
    return events.isEmpty() ? 0 : archived + 1;
  }
}
