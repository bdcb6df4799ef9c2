package dev.skreaver.query.audit;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.command.CommandOutcome;
import dev.skreaver.api.command.CommandQueries.Page;
import dev.skreaver.api.command.CommandQueries.Search;
import dev.skreaver.api.command.RecordedCommand;
import dev.skreaver.api.command.RecordedCommand.CausedEvent;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.event.RecordedEvent.Actor;
import dev.skreaver.query.personal.PersonalTexts;
import dev.skreaver.query.read.Unavailable;
import dev.skreaver.query.tail.EventPages;
import io.r2dbc.spi.Readable;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/**
 * All commands as one ledger: those that caused events are found by the audit index and read from
 * these events, the others are read from the event store's ledger of them.
 */
@Component
final class CommandLedger {
  private static final String POSITIONS =
      """
      SELECT position FROM read_model.audit_event_v2
      WHERE tenant = :tenant AND command_id = ANY(:commands)
      """;

  private final DatabaseClient readModel;
  private final DatabaseClient eventStore;
  private final EventPages events;
  private final PersonalTexts texts;

  CommandLedger(
      DatabaseClient readModel,
      @Qualifier("eventStoreClient") DatabaseClient eventStore,
      EventPages events,
      PersonalTexts texts) {
    this.readModel = readModel;
    this.eventStore = eventStore;
    this.events = events;
    this.texts = texts;
  }

  /**
   * @param command null if it has yet to be read from its events
   */
  private record Line(LedgerCursor place, UUID id, @Nullable RecordedCommand command) {}

  /**
   * @param reached that the audit index has reached: what stands behind is left for later, so that
   *     no page skips what comes before it
   */
  Mono<Page> page(Search query, long reached) {
    LedgerCursor after = LedgerCursor.parse(query.after());
    return key(query)
        .flatMap(
            key ->
                Mono.zip(
                    accepted(query, key, after, reached),
                    withoutEvents(query, key, after, reached)))
        .flatMap(
            both -> {
              List<Line> lines =
                  Stream.concat(both.getT1().stream(), both.getT2().stream())
                      .sorted(Comparator.comparing(Line::place))
                      .toList();
              boolean more = lines.size() > query.limit();
              List<Line> shown = more ? lines.subList(0, query.limit()) : lines;
              return commands(query.tenant(), shown)
                  .flatMap(this::opened)
                  .map(
                      commands ->
                          new Page(
                              commands, more ? shown.getLast().place().toString() : null, reached));
            });
  }

  /** Of the actor that is asked for, if it is known by a key. */
  private Mono<Optional<String>> key(Search query) {
    return query.actor() == null
        ? Mono.just(Optional.empty())
        : texts.key(query.tenant(), query.actor()).onErrorMap(Unavailable::eventStore);
  }

  private Mono<List<RecordedCommand>> opened(List<RecordedCommand> commands) {
    return texts.commands(commands).onErrorMap(Unavailable::eventStore);
  }

  /** The command, or {@code command_not_found}. */
  Mono<RecordedCommand> find(TenantId tenant, UUID id) {
    return fromEvents(tenant, List.of(id))
        .mapNotNull(found -> found.get(id))
        .switchIfEmpty(
            eventStore
                .sql(
                    "SELECT * FROM event_store.recorded_command WHERE command_id = :id AND tenant ="
                        + " :tenant")
                .bind("id", id)
                .bind("tenant", tenant.value())
                .map(row -> command(tenant, row))
                .one()
                .onErrorMap(Unavailable::eventStore))
        .flatMap(command -> opened(List.of(command)).map(List::getFirst))
        .switchIfEmpty(
            Mono.error(
                () ->
                    new Refusal(
                        ErrorCode.COMMAND_NOT_FOUND,
                        "There is no command %s; if it is of just now, ask with the position of its"
                                .formatted(id)
                            + " answer",
                        Map.of("id", id.toString()))));
  }

  /** The events of a command stand side by side: the first is the one without such a neighbour. */
  private Mono<List<Line>> accepted(
      Search query, Optional<String> key, LedgerCursor after, long reached) {
    if (!outcomes(query).contains(CommandOutcome.ACCEPTED)) {
      return Mono.just(List.of());
    }
    var where =
        LedgerSearch.filters(query, reached)
            .and("tenant = :tenant", "tenant", query.tenant().value())
            .and("actor = ANY(:actors)", "actors", names(query, key))
            .and("position > :after", "after", after.position());
    return where
        .bind(
            readModel.sql(
                """
                SELECT e.position, e.command_id FROM read_model.audit_event_v2 e
                WHERE %s AND e.command_id IS NOT NULL AND NOT EXISTS (
                  SELECT 1 FROM read_model.audit_event_v2 before
                  WHERE before.position = e.position - 1 AND before.command_id = e.command_id)
                ORDER BY e.position LIMIT :rows
                """
                    .formatted(where.sql())))
        .map(
            row ->
                new Line(
                    new LedgerCursor(required(row, "position", Long.class), 0),
                    required(row, "command_id", UUID.class),
                    null))
        .all()
        .collectList()
        .onErrorMap(Unavailable::readModel);
  }

  private Mono<List<Line>> withoutEvents(
      Search query, Optional<String> key, LedgerCursor after, long reached) {
    Set<CommandOutcome> outcomes = outcomes(query);
    outcomes.remove(CommandOutcome.ACCEPTED);
    if (outcomes.isEmpty()) {
      return Mono.just(List.of());
    }
    return LedgerSearch.rows(eventStore, query, subjects(query, key), outcomes, after, reached)
        .map(
            row -> {
              RecordedCommand command = command(query.tenant(), row);
              return new Line(
                  new LedgerCursor(
                      required(row, "position", Long.class), required(row, "number", Long.class)),
                  command.commandId(),
                  command);
            })
        .all()
        .collectList()
        .onErrorMap(Unavailable::eventStore);
  }

  private static Set<CommandOutcome> outcomes(Search query) {
    return query.outcomes().isEmpty()
        ? EnumSet.allOf(CommandOutcome.class)
        : EnumSet.copyOf(query.outcomes());
  }

  private static String @Nullable [] names(Search query, Optional<String> key) {
    return query.actor() == null
        ? null
        : AuditProjection.names(query.actor(), key).toArray(String[]::new);
  }

  private static String @Nullable [] subjects(Search query, Optional<String> key) {
    return query.actor() == null
        ? null
        : Stream.concat(Stream.of(query.actor()), key.stream()).distinct().toArray(String[]::new);
  }

  private Mono<List<RecordedCommand>> commands(TenantId tenant, List<Line> lines) {
    List<UUID> accepted =
        lines.stream().filter(line -> line.command() == null).map(Line::id).toList();
    return fromEvents(tenant, accepted)
        .map(
            found ->
                lines.stream()
                    .flatMap(
                        line ->
                            Stream.ofNullable(
                                line.command() != null ? line.command() : found.get(line.id())))
                    .toList());
  }

  private Mono<Map<UUID, RecordedCommand>> fromEvents(TenantId tenant, Collection<UUID> ids) {
    if (ids.isEmpty()) {
      return Mono.just(Map.of());
    }
    return readModel
        .sql(POSITIONS)
        .bind("tenant", tenant.value())
        .bind("commands", ids.toArray(UUID[]::new))
        .map(row -> required(row, "position", Long.class))
        .all()
        .collectList()
        .onErrorMap(Unavailable::readModel)
        .flatMap(
            positions ->
                positions.isEmpty()
                    ? Mono.just(List.<RecordedEvent>of())
                    : events.kept(positions).onErrorMap(Unavailable::eventStore))
        .map(
            recorded ->
                recorded.stream()
                    .filter(event -> event.commandId() != null && event.tenant().equals(tenant))
                    .collect(Collectors.groupingBy(event -> required(event.commandId())))
                    .entrySet()
                    .stream()
                    .collect(
                        Collectors.toMap(Map.Entry::getKey, entry -> accepted(entry.getValue()))));
  }

  /**
   * @param events of one command, in order
   */
  private static RecordedCommand accepted(List<RecordedEvent> events) {
    RecordedEvent first = events.getFirst();
    return new RecordedCommand(
        required(first.commandId()),
        first.command() == null ? "unknown" : first.command(),
        first.tenant(),
        first.agentId(),
        first.actor(),
        reason(events),
        first.idempotencyKey(),
        first.requestId(),
        first.correlationId(),
        first.causationId(),
        first.time(),
        CommandOutcome.ACCEPTED,
        null,
        null,
        events.stream()
            .map(event -> new CausedEvent(event.position(), event.eventId(), event.type()))
            .toList());
  }

  private static @Nullable String reason(List<RecordedEvent> events) {
    return events.stream()
        .map(event -> event.data().path("reason"))
        .filter(reason -> reason.isString())
        .map(reason -> reason.asString())
        .findFirst()
        .orElse(null);
  }

  private static RecordedCommand command(TenantId tenant, Readable row) {
    return new RecordedCommand(
        required(row, "command_id", UUID.class),
        required(row, "command", String.class),
        tenant,
        new AgentId(required(row, "agent_id", String.class)),
        new Actor(
            required(row, "subject", String.class), required(row, "authentication", String.class)),
        row.get("reason", String.class),
        row.get("idempotency_key", String.class),
        row.get("request_id", String.class),
        row.get("correlation_id", String.class),
        row.get("causation_id", String.class),
        required(row, "time", Instant.class),
        CommandOutcome.fromWire(required(row, "outcome", String.class)),
        row.get("error", String.class),
        row.get("repeats", UUID.class),
        List.of());
  }

  private static <T> T required(Readable row, String column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type), column);
  }

  private static UUID required(@Nullable UUID id) {
    return Objects.requireNonNull(id, "an event without a command");
  }
}
