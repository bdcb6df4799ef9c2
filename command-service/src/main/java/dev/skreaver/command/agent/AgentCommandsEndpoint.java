package dev.skreaver.command.agent;

import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.command.store.CommandCommit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** Takes commands off the event loop, and those with an idempotency key past what is stored. */
@RestController
final class AgentCommandsEndpoint implements AgentCommands {
  private final AgentCommandDispatch dispatch;
  private final RepeatedCommands repeated;
  private final DryRuns dryRuns;
  private final ExecutorService virtualThreads;

  AgentCommandsEndpoint(
      AgentCommandDispatch dispatch,
      RepeatedCommands repeated,
      DryRuns dryRuns,
      ExecutorService commandThreads) {
    this.dispatch = dispatch;
    this.repeated = repeated;
    this.dryRuns = dryRuns;
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
    Idempotency idempotency = request.idempotency();
    return idempotency == null
        ? dispatch.send(request, CommandCommit.plain())
        : CompletableFuture.supplyAsync(() -> repeated.once(request, idempotency), virtualThreads);
  }
}
