package dev.skreaver.command.agent;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.command.CommandOutcome;
import dev.skreaver.command.store.LedgerEntry;
import dev.skreaver.command.store.TimeOrderedIdentifiers;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A command with the id under which the ledger knows it: from the events that it causes, or from an
 * entry of its own.
 */
record ReceivedCommand(UUID id, Instant time, Request request) {
  /** What every event of a command carries of it. */
  static final List<String> EVENT_METADATA =
      List.of(
          "tenant",
          "subject",
          "authentication",
          "request_id",
          "correlation_id",
          "causation_id",
          "idempotency_key",
          "command_id",
          "command");

  static ReceivedCommand now(Request request) {
    return new ReceivedCommand(TimeOrderedIdentifiers.next(), Instant.now(), request);
  }

  AgentKey agent() {
    return request.command().agent();
  }

  /** What goes with the command's message, to its handler and its events. */
  Map<String, Object> metadata() {
    Caller caller = request.caller();
    var metadata = HashMap.<String, Object>newHashMap(11);
    metadata.put("tenant", caller.tenant().value());
    metadata.put("subject", caller.subject());
    metadata.put("authentication", caller.authentication());
    metadata.put("request_id", caller.requestId());
    metadata.put("correlation_id", caller.correlationId());
    if (caller.causationId() != null) {
      metadata.put("causation_id", caller.causationId());
    }
    if (request.idempotency() != null) {
      metadata.put("idempotency_key", request.idempotency().key());
    }
    metadata.put("command_id", id.toString());
    metadata.put("command", request.command().wireName());
    if (request.expectedVersion() != null) {
      metadata.put(Agent.EXPECTED_VERSION, request.expectedVersion());
    }
    return metadata;
  }

  /**
   * @param error the code of its refusal
   * @param repeats the earlier command
   */
  LedgerEntry settled(CommandOutcome outcome, @Nullable String error, @Nullable UUID repeats) {
    Caller caller = request.caller();
    return new LedgerEntry(
        id,
        request.command().wireName(),
        new AgentKey(caller.tenant(), agent().id()).toString(),
        caller.subject(),
        caller.authentication(),
        caller.requestId(),
        caller.correlationId(),
        caller.causationId(),
        request.idempotency() == null ? null : request.idempotency().key(),
        reason(),
        time.truncatedTo(ChronoUnit.MICROS),
        outcome,
        error,
        repeats);
  }

  private @Nullable String reason() {
    return switch (request.command()) {
      case AgentCommand.Pause pause -> pause.reason();
      case AgentCommand.Stop stop -> stop.reason();
      case AgentCommand.Create create -> null;
      case AgentCommand.Update update -> null;
      case AgentCommand.Resume resume -> null;
      case AgentCommand.ReportError reportError -> null;
      case AgentCommand.Recover recover -> null;
      case AgentCommand.Delete delete -> null;
    };
  }
}
