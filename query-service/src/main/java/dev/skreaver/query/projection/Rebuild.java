package dev.skreaver.query.projection;

import java.util.function.BooleanSupplier;

/** What is different about a generation while it is being built. */
final class Rebuild {
  private final BooleanSupplier indexes;
  private boolean indexed;

  /**
   * @param indexes makes what is missing, on the thread that asks; false if somebody else is about
   *     it
   */
  Rebuild(BooleanSupplier indexes) {
    this.indexes = indexes;
  }

  /** To be called when nearly all events are handled, again and again. */
  void nearlyDone() {
    indexed = indexed || indexes.getAsBoolean();
  }
}
