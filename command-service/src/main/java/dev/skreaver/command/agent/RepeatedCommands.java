package dev.skreaver.command.agent;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.skreaver.api.agent.AgentCommands.Idempotency;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.command.store.CommandCommit;
import dev.skreaver.command.store.CommandReceipt;
import dev.skreaver.command.store.CommandReceipts;
import dev.skreaver.command.store.ReceiptExistsException;
import dev.skreaver.command.store.ReceiptKey;
import dev.skreaver.command.store.SubjectKeys;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Carries out a command with an idempotency key once, and answers every repeat as the first time.
 * What is personal in the answers stays sealed here.
 *
 * <p>The receipt is stored in the transaction of the command's events, so no look-up is needed
 * before: a repeat is carried out in vain, its receipt is refused by the key that exists, nothing
 * is stored, and the stored answer is given. That holds for any number of instances; what this
 * instance knows only saves the detour.
 */
final class RepeatedCommands {
  private static final int RECENT = 10_000;

  private final AgentCommandDispatch dispatch;
  private final CommandLedger ledger;
  private final CommandReceipts receipts;
  private final SubjectKeys subjects;
  private final Cache<ReceiptKey, CommandReceipt> recent;
  private final Map<ReceiptKey, CompletableFuture<@Nullable Void>> underWay =
      new ConcurrentHashMap<>();

  RepeatedCommands(
      AgentCommandDispatch dispatch,
      CommandLedger ledger,
      CommandReceipts receipts,
      SubjectKeys subjects,
      Duration kept) {
    this.dispatch = dispatch;
    this.ledger = ledger;
    this.receipts = receipts;
    this.subjects = subjects;
    this.recent =
        Caffeine.newBuilder()
            .executor(Runnable::run)
            .maximumSize(RECENT)
            .expireAfterWrite(kept)
            .build();
  }

  /**
   * What is kept of an answer: the agent or the refusal.
   *
   * @param commandId of the command that was answered; null if it came before there was a ledger
   */
  private record Answer(
      @Nullable AgentView agent, @Nullable Refused refused, @Nullable UUID commandId) {}

  private record Refused(String code, String message, Map<String, Object> details) {}

  /** Asks the store for every answer again. */
  void forget() {
    recent.invalidateAll();
  }

  /** Waits for the answer, so it belongs on a virtual thread. */
  Receipt once(ReceivedCommand command, Idempotency idempotency) {
    return dispatch.opened(sealed(command, idempotency));
  }

  private Receipt sealed(ReceivedCommand command, Idempotency idempotency) {
    ReceiptKey key = command.receiptKey(subjects, idempotency.key());
    var mine = new CompletableFuture<@Nullable Void>();
    for (CompletableFuture<@Nullable Void> first;
        (first = underWay.putIfAbsent(key, mine)) != null; ) {
      first.join();
    }
    try {
      CommandReceipt known = recent.getIfPresent(key);
      return known != null
          ? repeat(command, known, idempotency.fingerprint())
          : carryOut(command, key, idempotency.fingerprint());
    } catch (ReceiptExistsException e) {
      // The command may have been decided again under another key, because of an erasure.
      ReceiptKey current = command.receiptKey(subjects, idempotency.key());
      return repeat(command, find(command, current), idempotency.fingerprint());
    } finally {
      underWay.remove(key, mine);
      mine.complete(null);
    }
  }

  private Receipt carryOut(ReceivedCommand command, ReceiptKey key, String fingerprint) {
    var commit =
        CommandCommit.once(
            command::eventMetadata,
            key,
            fingerprint,
            result -> bytes(new Answer((AgentView) result, null, command.id())));
    try {
      Receipt receipt = dispatch.sendSealed(command, commit).join();
      commit.receipt().ifPresent(stored -> recent.put(stored.key(), stored));
      if (commit.position() == 0) {
        var answer = new Answer(receipt.agent(), null, command.id());
        var kept = new CommandReceipt(key, fingerprint, receipt.position(), bytes(answer));
        ledger.unchanged(command, kept);
        recent.put(key, kept);
      }
      return receipt;
    } catch (CompletionException e) {
      return switch (e.getCause()) {
        case ReceiptExistsException exists -> throw exists;
        case Refusal refusal -> refused(command, key, fingerprint, refusal);
        case RuntimeException fault -> throw ledger.failed(command, fault);
        case null, default -> throw e;
      };
    }
  }

  /**
   * Where the agent exists, either this creation is a repeat, or the id is another's. That is not
   * kept, so that whoever generated the id can draw another one under the same key.
   */
  private Receipt refused(
      ReceivedCommand command, ReceiptKey key, String fingerprint, Refusal refusal) {
    if (refusal.code() == ErrorCode.AGENT_ALREADY_EXISTS) {
      Optional<CommandReceipt> own = receipts.find(key);
      if (own.isPresent()) {
        return repeat(command, own.get(), fingerprint);
      }
      throw ledger.refused(command, refusal, null);
    }
    if (!isAnswer(refusal)) {
      throw ledger.refused(command, refusal, null);
    }
    var refused = new Refused(refusal.code().wireName(), refusal.getMessage(), refusal.details());
    var kept =
        new CommandReceipt(key, fingerprint, 0, bytes(new Answer(null, refused, command.id())));
    Refusal answer = ledger.refused(command, refusal, kept);
    recent.put(key, kept);
    throw answer;
  }

  /** Only what the domain decided is an answer; what merely did not work may work next time. */
  private static boolean isAnswer(Refusal refusal) {
    return refusal.code().status() < 500 && refusal.code() != ErrorCode.CONCURRENT_MODIFICATION;
  }

  /** It is not remembered: nobody knows here for how long it counts. */
  private CommandReceipt find(ReceivedCommand command, ReceiptKey key) {
    return receipts
        .find(key)
        .orElseThrow(
            () ->
                ledger.refused(
                    command,
                    new Refusal(
                        ErrorCode.IDEMPOTENCY_KEY_IN_PROGRESS,
                        "The idempotency key is expiring at this moment; use a new one"),
                    null));
  }

  private Receipt repeat(ReceivedCommand command, CommandReceipt stored, String fingerprint) {
    if (!stored.fingerprint().equals(fingerprint)) {
      throw ledger.refused(
          command,
          new Refusal(
              ErrorCode.IDEMPOTENCY_KEY_REUSED,
              "This idempotency key was used for another request; use a new key for a new request"),
          null);
    }
    Answer answer = WireJson.mapper().readValue(stored.answer(), Answer.class);
    ledger.repeated(command, answer.commandId());
    Refused refused = answer.refused();
    if (refused != null) {
      throw CommandLedger.answer(
          command,
          new Refusal(ErrorCode.fromWire(refused.code()), refused.message(), refused.details()));
    }
    if (answer.agent() == null) {
      throw new IllegalStateException("the receipt of '%s' is empty".formatted(stored.key()));
    }
    return new Receipt(answer.agent(), stored.position(), true, command.id());
  }

  private static byte[] bytes(Answer answer) {
    return WireJson.mapper().writeValueAsBytes(answer);
  }
}
