package dev.skreaver.command.agent;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.command.CommandOutcome;
import dev.skreaver.command.store.LedgerEntry;
import dev.skreaver.command.store.ReceiptKey;
import dev.skreaver.command.store.SubjectKeys;
import dev.skreaver.command.store.SubjectKeys.Actor;
import dev.skreaver.command.store.TimeOrderedIdentifiers;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.axonframework.commandhandling.CommandMessage;
import org.jspecify.annotations.Nullable;

/**
 * A command with the id under which the ledger knows it: from the events that it causes, or from an
 * entry of its own.
 */
record ReceivedCommand(UUID id, Instant time, Request request) {
  /** Under which a command's message has it. */
  static final String IN_METADATA = "received_command";

  private static final int LONGEST_REASON = 1_000;

  static ReceivedCommand now(Request request) {
    return new ReceivedCommand(TimeOrderedIdentifiers.next(), Instant.now(), request);
  }

  /** That a command's message brings. */
  static ReceivedCommand of(CommandMessage<?> message) {
    return (ReceivedCommand)
        Objects.requireNonNull(message.getMetaData().get(IN_METADATA), "not received here");
  }

  AgentKey agent() {
    return request.command().agent();
  }

  /** What goes with the command's message to its handler. */
  Map<String, Object> metadata() {
    var metadata = HashMap.<String, Object>newHashMap(3);
    metadata.put(IN_METADATA, this);
    if (request.expectedVersion() != null) {
      metadata.put(Agent.EXPECTED_VERSION, request.expectedVersion());
    }
    return metadata;
  }

  /** What every event of the command carries of it. */
  Map<String, String> eventMetadata(Actor actor) {
    Caller caller = request.caller();
    var metadata = LinkedHashMap.<String, String>newLinkedHashMap(9);
    metadata.put("tenant", caller.tenant().value());
    metadata.put("subject", actor.sealedName());
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
    return metadata;
  }

  /** Of the actor, who is known to what is stored by a key. */
  Actor actor(SubjectKeys subjects) {
    Caller caller = request.caller();
    return subjects.actor(caller.tenant().value(), caller.subject());
  }

  /** An idempotency key in its scope. */
  ReceiptKey receiptKey(SubjectKeys subjects, String key) {
    return new ReceiptKey(request.caller().tenant().value(), actor(subjects).keyId(), key);
  }

  /**
   * @param actor whose name and reason are sealed
   * @param error the code of its refusal
   * @param repeats the earlier command
   */
  LedgerEntry settled(
      Actor actor, CommandOutcome outcome, @Nullable String error, @Nullable UUID repeats) {
    Caller caller = request.caller();
    String reason = reason();
    return new LedgerEntry(
        id,
        request.command().wireName(),
        new AgentKey(caller.tenant(), agent().id()).toString(),
        actor.sealedName(),
        caller.authentication(),
        caller.requestId(),
        caller.correlationId(),
        caller.causationId(),
        request.idempotency() == null ? null : request.idempotency().key(),
        reason == null ? null : actor.seal(fit(reason)),
        time.truncatedTo(ChronoUnit.MICROS),
        outcome,
        error,
        repeats);
  }

  /** What was refused may be of any length, and hold what is no text. */
  private static String fit(String reason) {
    int[] characters =
        reason
            .codePoints()
            .limit(LONGEST_REASON)
            .map(
                c ->
                    c == 0 || (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)
                        ? 0xfffd
                        : c)
            .toArray();
    return new String(characters, 0, characters.length);
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
