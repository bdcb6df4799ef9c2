package dev.skreaver.command.store;

import java.util.Optional;
import java.util.function.Function;
import org.axonframework.messaging.unitofwork.CurrentUnitOfWork;
import org.axonframework.messaging.unitofwork.UnitOfWork;
import org.jspecify.annotations.Nullable;

/**
 * Goes with a command message, under {@link #METADATA_KEY}: what is to be stored with its events,
 * and, once they are, where they stand.
 */
public final class CommandCommit {
  public static final String METADATA_KEY = "command_commit";

  private final @Nullable ReceiptKey key;
  private final String fingerprint;
  private final Function<Object, byte[]> answer;
  private volatile long position;
  private volatile @Nullable CommandReceipt receipt;

  private CommandCommit(
      @Nullable ReceiptKey key, String fingerprint, Function<Object, byte[]> answer) {
    this.key = key;
    this.fingerprint = fingerprint;
    this.answer = answer;
  }

  /** A command that may be carried out again when it is repeated. */
  public static CommandCommit plain() {
    return new CommandCommit(null, "", result -> new byte[0]);
  }

  /**
   * @param answer makes what is kept for a repeat, of the command handler's result
   */
  public static CommandCommit once(
      ReceiptKey key, String fingerprint, Function<Object, byte[]> answer) {
    return new CommandCommit(key, fingerprint, answer);
  }

  /** Of the command's last event; 0 if it had none. */
  public long position() {
    return position;
  }

  /** What a repeat is answered with; empty without an idempotency key or events. */
  public Optional<CommandReceipt> receipt() {
    return Optional.ofNullable(receipt);
  }

  void stored(long lastPosition, @Nullable CommandReceipt kept) {
    position = lastPosition;
    receipt =
        kept == null
            ? null
            : new CommandReceipt(kept.key(), kept.fingerprint(), lastPosition, kept.answer());
  }

  /** The one of the command that this thread is handling. */
  static Optional<CommandCommit> current() {
    return CurrentUnitOfWork.isStarted()
            && CurrentUnitOfWork.get().root().getMessage().getMetaData().get(METADATA_KEY)
                instanceof CommandCommit commit
        ? Optional.of(commit)
        : Optional.empty();
  }

  @Nullable CommandReceipt draft(UnitOfWork<?> unitOfWork) {
    return key == null
        ? null
        : new CommandReceipt(
            key,
            fingerprint,
            0,
            answer.apply(unitOfWork.getExecutionResult().getResult().getPayload()));
  }
}
