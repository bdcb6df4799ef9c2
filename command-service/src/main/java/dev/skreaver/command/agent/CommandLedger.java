package dev.skreaver.command.agent;

import dev.skreaver.api.command.CommandOutcome;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.store.CommandReceipt;
import dev.skreaver.command.store.KeyDestroyedException;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.command.store.SubjectKeys.Actor;
import java.util.HashMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes down the commands of which no event tells, before they are answered. An accepted one needs
 * no entry: its events carry its id. Each call waits until the entry is durable, so it belongs on a
 * virtual thread; if the store cannot take it, the command is refused with {@code
 * event_store_unavailable}.
 */
final class CommandLedger {
  private final PostgresEventStorageEngine engine;

  CommandLedger(PostgresEventStorageEngine engine) {
    this.engine = engine;
  }

  /**
   * @param receipt is stored with it, or not at all; null without an idempotency key
   */
  void unchanged(ReceivedCommand command, @Nullable CommandReceipt receipt) {
    record(command, CommandOutcome.UNCHANGED, null, null, receipt);
  }

  /**
   * @param first the command whose answer is given; null if that is not known
   */
  void repeated(ReceivedCommand command, @Nullable UUID first) {
    record(command, CommandOutcome.REPEATED, null, first, null);
  }

  /**
   * A refusal by the store itself cannot be written there; whether such a command was carried out
   * after all, the ledger says by having it or not.
   *
   * @param receipt is stored with it, or not at all; null if the refusal is not kept
   * @return the refusal as it is answered, with the command's id
   */
  Refusal refused(ReceivedCommand command, Refusal refusal, @Nullable CommandReceipt receipt) {
    if (refusal.code() != ErrorCode.EVENT_STORE_UNAVAILABLE) {
      record(command, CommandOutcome.REFUSED, refusal.code().wireName(), null, receipt);
    }
    return answer(command, refusal);
  }

  /** An actor who is erased at this very moment gets another key, once. */
  private void record(
      ReceivedCommand command,
      CommandOutcome outcome,
      @Nullable String error,
      @Nullable UUID first,
      @Nullable CommandReceipt receipt) {
    try {
      record(command, command.actor(engine.subjects()), outcome, error, first, receipt);
    } catch (KeyDestroyedException erased) {
      record(command, command.actor(engine.subjects()), outcome, error, first, receipt);
    }
  }

  private void record(
      ReceivedCommand command,
      Actor actor,
      CommandOutcome outcome,
      @Nullable String error,
      @Nullable UUID first,
      @Nullable CommandReceipt receipt) {
    engine.record(
        command.settled(actor, outcome, error, first), receipt == null ? null : receipt.of(actor));
  }

  /** The refusal with the command's id. */
  static Refusal answer(ReceivedCommand command, Refusal refusal) {
    var details = new HashMap<>(refusal.details());
    details.put("command_id", command.id().toString());
    return new Refusal(refusal.code(), refusal.getMessage(), details);
  }

  /**
   * What is not even a refusal is a fault of ours.
   *
   * @return the same failure
   */
  RuntimeException failed(ReceivedCommand command, RuntimeException failure) {
    try {
      String error = ErrorCode.INTERNAL_ERROR.wireName();
      record(command, CommandOutcome.REFUSED, error, null, null);
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    return failure;
  }
}
