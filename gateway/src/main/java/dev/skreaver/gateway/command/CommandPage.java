package dev.skreaver.gateway.command;

import dev.skreaver.api.command.RecordedCommand;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of the command ledger.
 *
 * @param next give it as {@code after} for the page that follows; absent on the last
 */
record CommandPage(List<RecordedCommand> commands, @Nullable String next) {}
