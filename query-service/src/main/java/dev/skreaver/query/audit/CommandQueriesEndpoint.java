package dev.skreaver.query.audit;

import dev.skreaver.api.command.CommandQueries;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.query.projection.PositionGate;
import dev.skreaver.query.read.QueryInput;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** Commands for auditors, and for clients that lost an answer. */
@RestController
public class CommandQueriesEndpoint implements CommandQueries {
  private static final int MAX_LIMIT = 1000;

  private final PositionGate gate;
  private final CommandLedger ledger;
  private final EventHistory history;

  CommandQueriesEndpoint(PositionGate gate, CommandLedger ledger, EventHistory history) {
    this.gate = gate;
    this.ledger = ledger;
    this.history = history;
  }

  @Override
  public Mono<Page> search(Search query) {
    return Mono.defer(
        () -> {
          QueryInput.position("min_position", query.minPosition());
          QueryInput.limit(query.limit(), MAX_LIMIT);
          QueryInput.range("from", query.from(), "before", query.before());
          QueryInput.text("actor", query.actor());
          return gate.bound(AuditProjection.NAME, query.minPosition())
              .flatMap(position -> ledger.page(query, position));
        });
  }

  @Override
  public Mono<Found> get(Get query) {
    return Mono.defer(
        () -> {
          QueryInput.position("min_position", query.minPosition());
          return gate.reached(AuditProjection.NAME, query.minPosition())
              .flatMap(position -> find(query, position))
              .onErrorResume(CommandQueriesEndpoint::isAbsent, absent -> lookAgain(query));
        });
  }

  private Mono<Found> find(Get query, long position) {
    return ledger
        .find(query.tenant(), query.commandId())
        .map(command -> new Found(command, position));
  }

  private static boolean isAbsent(Throwable failure) {
    return failure instanceof Refusal refusal && refusal.code() == ErrorCode.COMMAND_NOT_FOUND;
  }

  /** That it is not there is only said of all that is stored by now. */
  private Mono<Found> lookAgain(Get query) {
    return history
        .bounds()
        .flatMap(bounds -> gate.reached(AuditProjection.NAME, bounds.head()))
        .flatMap(position -> find(query, position));
  }
}
