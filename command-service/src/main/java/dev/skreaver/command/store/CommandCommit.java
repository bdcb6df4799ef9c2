package dev.skreaver.command.store;

import dev.skreaver.command.store.SubjectKeys.Actor;
import java.util.Map;
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

  private final Function<Actor, Map<String, String>> eventMetadata;
  private final @Nullable ReceiptKey key;
  private final String fingerprint;
  private final Function<Object, byte[]> answer;
  private volatile long position;
  private volatile @Nullable CommandReceipt receipt;

  private CommandCommit(
      Function<Actor, Map<String, String>> eventMetadata,
      @Nullable ReceiptKey key,
      String fingerprint,
      Function<Object, byte[]> answer) {
    this.eventMetadata = eventMetadata;
    this.key = key;
    this.fingerprint = fingerprint;
    this.answer = answer;
  }

  /**
   * A command that may be carried out again when it is repeated.
   *
   * @param eventMetadata what each of its events carries of it and its actor
   */
  public static CommandCommit plain(Function<Actor, Map<String, String>> eventMetadata) {
    return new CommandCommit(eventMetadata, null, "", result -> new byte[0]);
  }

  /**
   * @param eventMetadata what each of its events carries of it and its actor
   * @param answer makes what is kept for a repeat, of the command handler's result
   */
  public static CommandCommit once(
      Function<Actor, Map<String, String>> eventMetadata,
      ReceiptKey key,
      String fingerprint,
      Function<Object, byte[]> answer) {
    return new CommandCommit(eventMetadata, key, fingerprint, answer);
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

  /** In place of metadata of their own, which Axon would copy for every message. */
  Map<String, String> eventMetadata(UnitOfWork<?> unitOfWork) {
    return eventMetadata.apply(Actor.of(unitOfWork.getMessage()));
  }

  @Nullable CommandReceipt draft(UnitOfWork<?> unitOfWork) {
    return key == null
        ? null
        : new CommandReceipt(
            // A command that is decided again, because of an erasure, is under another key.
            key.of(Actor.of(unitOfWork.getMessage())),
            fingerprint,
            0,
            answer.apply(unitOfWork.getExecutionResult().getResult().getPayload()));
  }
}
