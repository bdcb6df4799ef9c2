package dev.skreaver.command.store;

/**
 * An idempotency key in its scope: keys of two subjects or tenants never meet.
 *
 * @param subject the id of the subject's key
 */
public record ReceiptKey(String tenant, String subject, String key) {
  /** The same under the key that the subject has now. */
  ReceiptKey of(SubjectKeys.Actor actor) {
    return new ReceiptKey(tenant, actor.keyId(), key);
  }
}
