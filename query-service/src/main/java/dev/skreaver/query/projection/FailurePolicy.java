package dev.skreaver.query.projection;

/** What becomes of an event that a projection cannot handle. It is never skipped. */
public enum FailurePolicy {
  /** It and the later events of its agent wait as dead letters until they are retried. */
  DEAD_LETTER,
  /** The projection stalls, visibly, until the cause is gone: for read models without holes. */
  BLOCK
}
