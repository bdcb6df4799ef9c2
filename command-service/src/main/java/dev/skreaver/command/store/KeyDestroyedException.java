package dev.skreaver.command.store;

import org.axonframework.modelling.command.ConcurrencyException;

/** Who acts was erased meanwhile: nothing was stored, and the next attempt is under another key. */
public final class KeyDestroyedException extends ConcurrencyException {
  private static final long serialVersionUID = 1;

  KeyDestroyedException() {
    super("the subject that acts was erased at this moment");
  }
}
