package dev.skreaver.command.agent;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.skreaver.api.agent.AgentCommands.Idempotency;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.command.store.CommandCommit;
import dev.skreaver.command.store.CommandReceipt;
import dev.skreaver.command.store.CommandReceipts;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.command.store.ReceiptExistsException;
import dev.skreaver.command.store.ReceiptKey;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Carries out a command with an idempotency key once, and answers every repeat as the first time.
 *
 * <p>The receipt is stored in the transaction of the command's events, so no look-up is needed
 * before: a repeat is carried out in vain, its receipt is refused by the key that exists, nothing
 * is stored, and the stored answer is given. That holds for any number of instances; what this
 * instance knows only saves the detour.
 */
final class RepeatedCommands {
  private static final int RECENT = 10_000;

  private final AgentCommandDispatch dispatch;
  private final PostgresEventStorageEngine engine;
  private final CommandReceipts receipts;
  private final Cache<ReceiptKey, CommandReceipt> recent;
  private final Map<ReceiptKey, CompletableFuture<@Nullable Void>> underWay =
      new ConcurrentHashMap<>();

  RepeatedCommands(
      AgentCommandDispatch dispatch,
      PostgresEventStorageEngine engine,
      CommandReceipts receipts,
      Duration kept) {
    this.dispatch = dispatch;
    this.engine = engine;
    this.receipts = receipts;
    this.recent = Caffeine.newBuilder().maximumSize(RECENT).expireAfterWrite(kept).build();
  }

  /** What is kept of an answer: one of the two. */
  private record Answer(@Nullable AgentView agent, @Nullable Refused refused) {}

  private record Refused(String code, String message, Map<String, Object> details) {}

  /** Waits for the answer, so it belongs on a virtual thread. */
  Receipt once(Request request, Idempotency idempotency) {
    var key =
        new ReceiptKey(
            request.caller().tenant().value(), request.caller().subject(), idempotency.key());
    var mine = new CompletableFuture<@Nullable Void>();
    for (CompletableFuture<@Nullable Void> first;
        (first = underWay.putIfAbsent(key, mine)) != null; ) {
      first.join();
    }
    try {
      CommandReceipt known = recent.getIfPresent(key);
      return known != null
          ? repeat(known, idempotency.fingerprint())
          : carryOut(request, key, idempotency.fingerprint());
    } catch (ReceiptExistsException e) {
      return repeat(find(key), idempotency.fingerprint());
    } finally {
      underWay.remove(key, mine);
      mine.complete(null);
    }
  }

  private Receipt carryOut(Request request, ReceiptKey key, String fingerprint) {
    var commit =
        CommandCommit.once(key, fingerprint, result -> bytes(new Answer((AgentView) result, null)));
    try {
      Receipt receipt = dispatch.send(request, commit).join();
      commit.receipt().ifPresent(stored -> recent.put(key, stored));
      if (commit.position() == 0) {
        keep(key, fingerprint, receipt.position(), new Answer(receipt.agent(), null));
      }
      return receipt;
    } catch (CompletionException e) {
      if (e.getCause() instanceof Refusal refusal) {
        if (refusal.code() == ErrorCode.AGENT_ALREADY_EXISTS) {
          return ownCreation(key, fingerprint).orElseThrow(() -> refusal);
        }
        if (isAnswer(refusal)) {
          var refused =
              new Refused(refusal.code().wireName(), refusal.getMessage(), refusal.details());
          keep(key, fingerprint, 0, new Answer(null, refused));
        }
        throw refusal;
      }
      throw e.getCause() instanceof RuntimeException failure ? failure : e;
    }
  }

  /**
   * The agent exists: either this creation is a repeat, or the id is another's. That is not kept,
   * so that whoever generated the id can draw another one under the same key.
   */
  private Optional<Receipt> ownCreation(ReceiptKey key, String fingerprint) {
    return receipts.find(key).map(stored -> repeat(stored, fingerprint));
  }

  /** Only what the domain decided is an answer; what merely did not work may work next time. */
  private static boolean isAnswer(Refusal refusal) {
    return refusal.code().status() < 500 && refusal.code() != ErrorCode.CONCURRENT_MODIFICATION;
  }

  private void keep(ReceiptKey key, String fingerprint, long position, Answer answer) {
    var receipt = new CommandReceipt(key, fingerprint, position, bytes(answer));
    engine.keep(receipt);
    recent.put(key, receipt);
  }

  private CommandReceipt find(ReceiptKey key) {
    Optional<CommandReceipt> stored = receipts.find(key);
    stored.ifPresent(receipt -> recent.put(key, receipt));
    return stored.orElseThrow(
        () ->
            new Refusal(
                ErrorCode.IDEMPOTENCY_KEY_IN_PROGRESS,
                "The idempotency key is expiring at this moment; use a new one"));
  }

  private static Receipt repeat(CommandReceipt stored, String fingerprint) {
    if (!stored.fingerprint().equals(fingerprint)) {
      throw new Refusal(
          ErrorCode.IDEMPOTENCY_KEY_REUSED,
          "This idempotency key was used for another request; use a new key for a new request");
    }
    Answer answer = WireJson.mapper().readValue(stored.answer(), Answer.class);
    Refused refused = answer.refused();
    if (refused != null) {
      throw new Refusal(ErrorCode.fromWire(refused.code()), refused.message(), refused.details());
    }
    if (answer.agent() == null) {
      throw new IllegalStateException("the receipt of '%s' is empty".formatted(stored.key()));
    }
    return new Receipt(answer.agent(), stored.position(), true);
  }

  private static byte[] bytes(Answer answer) {
    return WireJson.mapper().writeValueAsBytes(answer);
  }
}
