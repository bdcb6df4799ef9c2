package dev.skreaver.command.store;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** What one command wants to store, and who waits for it. */
final class Append {
  private final List<EncodedEvent> events;
  private final @Nullable CommandReceipt receipt;
  private final @Nullable LedgerEntry command;
  private final CompletableFuture<Stored> outcome = new CompletableFuture<>();
  private boolean uncertain;
  private boolean stored;

  /**
   * @param receipt null without an idempotency key; its position counts only without events
   */
  Append(List<EncodedEvent> events, @Nullable CommandReceipt receipt) {
    this(events, receipt, null);
  }

  /**
   * @param command what the ledger says of it; null where the events do
   */
  Append(
      List<EncodedEvent> events, @Nullable CommandReceipt receipt, @Nullable LedgerEntry command) {
    this.events = events;
    this.receipt = receipt;
    this.command = command;
  }

  /** Where the first event and the first new stream came to stand; 0 where there was none. */
  record Stored(long firstPosition, long firstStream) {}

  List<EncodedEvent> events() {
    return events;
  }

  @Nullable CommandReceipt receipt() {
    return receipt;
  }

  @Nullable LedgerEntry command() {
    return command;
  }

  /** Whether an earlier attempt may have stored it. */
  boolean uncertain() {
    return uncertain;
  }

  void becomeUncertain() {
    uncertain = true;
  }

  /** It is durable, whatever happens to others of its group; the caller is still to be told. */
  void becomeStored() {
    stored = true;
  }

  void succeed(Stored stored) {
    outcome.complete(stored);
  }

  void fail(RuntimeException failure) {
    if (!stored) {
      outcome.completeExceptionally(failure);
    }
  }

  /** Waits until it is durable or certainly refused. */
  Stored await() {
    try {
      return outcome.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw e;
    }
  }
}
