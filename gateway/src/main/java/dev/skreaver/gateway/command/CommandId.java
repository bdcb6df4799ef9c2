package dev.skreaver.gateway.command;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.skreaver.gateway.request.Form;
import java.util.UUID;

/** A command as a route names it. */
public record CommandId(@JsonValue UUID value) {
  static CommandId parse(String text) {
    return new CommandId(Form.uuid("id", text));
  }
}
