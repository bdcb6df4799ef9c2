package dev.skreaver.command.store;

/** Nothing was stored because the idempotency key has an answer already. */
public final class ReceiptExistsException extends RuntimeException {
  ReceiptExistsException(ReceiptKey key) {
    super(
        "the idempotency key '%s' has been used already".formatted(key.key()), null, false, false);
  }
}
