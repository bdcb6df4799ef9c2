package dev.skreaver.command.agent;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.UnknownEventException;
import dev.skreaver.command.store.CommandCommit;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.axonframework.commandhandling.CommandResultMessage;
import org.axonframework.commandhandling.GenericCommandMessage;
import org.axonframework.commandhandling.gateway.CommandGateway;
import org.axonframework.common.lock.LockAcquisitionFailedException;
import org.axonframework.modelling.command.AggregateNotFoundException;
import org.axonframework.modelling.command.AggregateStreamCreationException;
import org.axonframework.modelling.command.ConcurrencyException;

/** Sends a command through Axon, and says in our words what came of it. */
final class AgentCommandDispatch {
  /**
   * Refusals that depend on the agent's state, of which this instance may know an old one. Those of
   * an update all may: what it may add depends on what is there.
   */
  private static final Set<ErrorCode> BY_STATE =
      EnumSet.of(ErrorCode.ILLEGAL_TRANSITION, ErrorCode.VERSION_MISMATCH);

  private final CommandGateway gateway;
  private final PostgresEventStorageEngine engine;
  private final AggregateCache cache;

  AgentCommandDispatch(
      CommandGateway gateway, PostgresEventStorageEngine engine, AggregateCache cache) {
    this.gateway = gateway;
    this.engine = engine;
    this.cache = cache;
  }

  private record Outcome(AgentView view, long position) {}

  /**
   * The agent and position after the command, sealed as it may be kept; fails with a {@link
   * Refusal}.
   */
  CompletableFuture<Receipt> sendSealed(ReceivedCommand received, CommandCommit commit) {
    return send(received, commit, receipt -> receipt);
  }

  /** The same as the caller may see it. What nothing was stored of is still sealed. */
  CompletableFuture<Receipt> send(ReceivedCommand received, CommandCommit commit) {
    return send(received, commit, receipt -> commit.position() > 0 ? opened(receipt) : receipt);
  }

  /** As the caller may see it. May wait for the store. */
  Receipt opened(Receipt receipt) {
    return new Receipt(
        open(receipt.agent()), receipt.position(), receipt.repeated(), receipt.commandId());
  }

  private AgentView open(AgentView agent) {
    try {
      return engine.subjects().open(agent);
    } catch (Refusal e) {
      throw new Refusal(
          e.code(),
          "The command was carried out, but the event store was lost before it could be answered;"
              + " read the agent");
    }
  }

  private CompletableFuture<Receipt> send(
      ReceivedCommand received, CommandCommit commit, UnaryOperator<Receipt> answer) {
    AgentCommand command = received.request().command();
    if (!command.agent().tenant().equals(received.request().caller().tenant())) {
      return CompletableFuture.failedFuture(notFound(command.agent()));
    }
    Map<String, Object> metadata = received.metadata();
    metadata.put(CommandCommit.METADATA_KEY, commit);
    var message = new GenericCommandMessage<>(command, metadata);
    var outcome = new CompletableFuture<Outcome>();
    // Before it is sent, so that it is the command's thread that waits for a key.
    CompletableFuture<Receipt> receipt =
        outcome.thenApply(
            agent ->
                answer.apply(new Receipt(agent.view(), agent.position(), false, received.id())));
    send(message, commit, outcome, !(command instanceof AgentCommand.Create));
    return receipt;
  }

  /**
   * @param cached whether the command may be decided on a cached agent. The store refuses events
   *     that were decided on an old one, but it never sees a decision without events: such a one is
   *     made again on the agent as the store has it
   */
  private void send(
      GenericCommandMessage<AgentCommand> message,
      CommandCommit commit,
      CompletableFuture<Outcome> outcome,
      boolean cached) {
    gateway.<Object, AgentView>send(
        message,
        (sent, result) -> {
          try {
            AgentKey agent = message.getPayload().agent();
            if (cached && isOutdated(message.getPayload(), commit, result)) {
              cache.remove(agent.toString());
              send(message, commit, outcome, false);
            } else {
              outcome.complete(outcome(agent, commit, result));
            }
          } catch (RuntimeException e) {
            outcome.completeExceptionally(e);
          }
        });
  }

  private boolean isOutdated(
      AgentCommand command,
      CommandCommit commit,
      CommandResultMessage<? extends AgentView> result) {
    if (result.isExceptional()) {
      return result.exceptionResult() instanceof Refusal refusal
          && (command instanceof AgentCommand.Update || BY_STATE.contains(refusal.code()));
    }
    return commit.position() == 0
        && !engine.endsAt(command.agent().toString(), result.getPayload().version());
  }

  private Outcome outcome(
      AgentKey agent, CommandCommit commit, CommandResultMessage<? extends AgentView> result) {
    if (result.isExceptional()) {
      throw failure(agent, result.exceptionResult());
    }
    long position = commit.position();
    return new Outcome(
        result.getPayload(), position > 0 ? position : engine.lastPosition(agent.toString()));
  }

  static RuntimeException failure(AgentKey agent, Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      switch (cause) {
        case Refusal refusal -> {
          return refusal;
        }
        case AggregateNotFoundException absent -> {
          return notFound(agent);
        }
        case AggregateStreamCreationException taken -> {
          return new Refusal(
              ErrorCode.AGENT_ALREADY_EXISTS,
              "Agent with ID '%s' exists already or did; ids are never used again"
                  .formatted(agent.id()),
              Map.of("agent_id", agent.id().value()));
        }
        case ConcurrencyException contended -> {
          return new Refusal(
              ErrorCode.CONCURRENT_MODIFICATION,
              "Agent '%s' is being changed by many at once; try again".formatted(agent.id()),
              Map.of("agent_id", agent.id().value()));
        }
        case UnknownEventException newer -> {
          return new Refusal(
              ErrorCode.SERVICE_UNAVAILABLE,
              "Agent '%s' cannot be changed by this release: %s"
                  .formatted(agent.id(), newer.getMessage()));
        }
        case LockAcquisitionFailedException contended -> {
          return new Refusal(
              ErrorCode.SERVICE_UNAVAILABLE,
              "Too many commands wait for agent '%s'; try again later".formatted(agent.id()));
        }
        default -> {
          // Its cause may say more.
        }
      }
    }
    return failure instanceof RuntimeException unexpected
        ? unexpected
        : new IllegalStateException(failure);
  }

  static Refusal notFound(AgentKey agent) {
    return new Refusal(
        ErrorCode.AGENT_NOT_FOUND,
        "Agent with ID '%s' not found".formatted(agent.id()),
        Map.of("agent_id", agent.id().value()));
  }
}
