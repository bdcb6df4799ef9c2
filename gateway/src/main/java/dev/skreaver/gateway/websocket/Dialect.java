package dev.skreaver.gateway.websocket;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The two forms that a message can have on the wire (wire contract §3.3 and §3.4). */
enum Dialect {
  /** One flat object, told apart by {@code type}; snake_case. */
  FLAT {
    @Override
    String member(String camelCase) {
      return camelCase.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }
  },
  /** An envelope with message and correlation id around {@code data}; camelCase. */
  ENVELOPE {
    @Override
    String member(String camelCase) {
      return camelCase;
    }
  };

  /** A member's name as this dialect spells it. */
  abstract String member(String camelCase);

  /**
   * Where an answer goes.
   *
   * @param messageId of the message that is answered: the answer's correlation id
   * @param call whether a {@code request} is answered, so that an error is a {@code response} too
   */
  record ReplyTo(Dialect dialect, @Nullable String messageId, boolean call) {
    static ReplyTo unasked(Dialect dialect) {
      return new ReplyTo(dialect, null, false);
    }
  }
}
