package dev.skreaver.command.agent;

import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.store.CommandCommit;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/**
 * Takes commands off the event loop, gives each its id, and leads those with an idempotency key
 * past what is stored.
 */
@RestController
final class AgentCommandsEndpoint implements AgentCommands {
  private final AgentCommandDispatch dispatch;
  private final RepeatedCommands repeated;
  private final DryRuns dryRuns;
  private final CommandLedger ledger;
  private final ExecutorService virtualThreads;

  AgentCommandsEndpoint(
      AgentCommandDispatch dispatch,
      RepeatedCommands repeated,
      DryRuns dryRuns,
      CommandLedger ledger,
      ExecutorService commandThreads) {
    this.dispatch = dispatch;
    this.repeated = repeated;
    this.dryRuns = dryRuns;
    this.ledger = ledger;
    this.virtualThreads = commandThreads;
  }

  /** A command goes on when its caller has gone away: it may be stored already. */
  @Override
  public Mono<Receipt> send(Request request) {
    return Mono.fromFuture(() -> carryOut(request), true);
  }

  @Override
  public Mono<DryRun> dryRun(Request request) {
    return Mono.fromFuture(() -> dryRuns.decide(request));
  }

  private CompletableFuture<Receipt> carryOut(Request request) {
    var command = ReceivedCommand.now(request);
    Idempotency idempotency = request.idempotency();
    if (idempotency != null) {
      return CompletableFuture.supplyAsync(
          () -> identified(command, () -> repeated.once(command, idempotency)), virtualThreads);
    }
    var commit = CommandCommit.plain(command::eventMetadata);
    var answer = new CompletableFuture<Receipt>();
    CompletableFuture<?> _ =
        dispatch
            .send(command, commit)
            .whenComplete(
                (receipt, failure) -> {
                  if (failure == null && commit.position() > 0) {
                    answer.complete(receipt);
                  } else {
                    CompletableFuture<?> _ =
                        answer.completeAsync(
                            () -> identified(command, () -> recorded(command, receipt, failure)),
                            virtualThreads);
                  }
                });
    return answer;
  }

  /** Whatever it is refused for, the refusal has the command's id. */
  private static Receipt identified(ReceivedCommand command, Supplier<Receipt> answer) {
    try {
      return answer.get();
    } catch (Refusal refusal) {
      throw CommandLedger.answer(command, refusal);
    }
  }

  /** A command without events is written down before it is answered. */
  private Receipt recorded(
      ReceivedCommand command, @Nullable Receipt receipt, @Nullable Throwable failure) {
    if (failure == null) {
      ledger.unchanged(command, null);
      return dispatch.opened(Objects.requireNonNull(receipt));
    }
    throw switch (failure instanceof CompletionException wrapped ? wrapped.getCause() : failure) {
      case Refusal refusal -> ledger.refused(command, refusal, null);
      case RuntimeException fault -> ledger.failed(command, fault);
      case null, default -> new IllegalStateException(failure);
    };
  }
}
