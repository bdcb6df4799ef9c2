package dev.skreaver.query.audit;

import dev.skreaver.api.command.CommandQueries;
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

  CommandQueriesEndpoint(PositionGate gate, CommandLedger ledger) {
    this.gate = gate;
    this.ledger = ledger;
  }

  @Override
  public Mono<Page> search(Search query) {
    return Mono.defer(
        () -> {
          QueryInput.position("min_position", query.minPosition());
          QueryInput.limit(query.limit(), MAX_LIMIT);
          QueryInput.range("from", query.from(), "before", query.before());
          QueryInput.text("actor", query.actor());
          return gate.reached(AuditProjection.NAME, query.minPosition())
              .flatMap(position -> ledger.page(query, position));
        });
  }

  @Override
  public Mono<Found> get(Get query) {
    return Mono.defer(
        () -> {
          QueryInput.position("min_position", query.minPosition());
          return gate.reached(AuditProjection.NAME, query.minPosition())
              .flatMap(
                  position ->
                      ledger
                          .find(query.tenant(), query.commandId())
                          .map(command -> new Found(command, position)));
        });
  }
}
