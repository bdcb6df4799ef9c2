package dev.skreaver.gateway.admin;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.skreaver.gateway.request.Form;

/** A dead letter as a route names it. */
record DeadLetterId(@JsonValue long value) {
  static DeadLetterId parse(String text) {
    return new DeadLetterId(Form.number("id", text, 0, Long.MAX_VALUE));
  }
}
