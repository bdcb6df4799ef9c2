package dev.skreaver.command.store;

/**
 * The answer that every repeat of a command gets.
 *
 * @param fingerprint of what the client sent
 * @param position of the command's last event, else of the last event that it saw; 0 for a refusal
 * @param answer in a form of the command's own
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record CommandReceipt(ReceiptKey key, String fingerprint, long position, byte[] answer) {
  /** The same under the key that the subject has now. */
  public CommandReceipt of(SubjectKeys.Actor actor) {
    return new CommandReceipt(key.of(actor), fingerprint, position, answer);
  }
}
