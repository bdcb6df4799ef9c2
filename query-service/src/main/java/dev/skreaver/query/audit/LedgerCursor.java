package dev.skreaver.query.audit;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.Comparator;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A command's place in the ledger, as {@code position-number}: commands become visible in this
 * order, so that one who has seen a place never later finds a command before it.
 *
 * @param position of the command's first event; without events, of the store's last event then
 * @param number 0 of a command with events; else its number among those without
 */
record LedgerCursor(long position, long number) implements Comparable<LedgerCursor> {
  static final LedgerCursor START = new LedgerCursor(0, 0);

  private static final Pattern FORM = Pattern.compile("([0-9]{1,18})-([0-9]{1,18})");

  /**
   * @throws Refusal {@code invalid_cursor}
   */
  static LedgerCursor parse(@Nullable String text) {
    if (text == null) {
      return START;
    }
    var parts = FORM.matcher(text);
    if (!parts.matches()) {
      throw new Refusal(
          ErrorCode.INVALID_CURSOR,
          "'%s' is not the 'next' of a page of commands".formatted(Refusal.quote(text)),
          Map.of("field", "after"));
    }
    return new LedgerCursor(Long.parseLong(parts.group(1)), Long.parseLong(parts.group(2)));
  }

  @Override
  public int compareTo(LedgerCursor other) {
    return Comparator.comparingLong(LedgerCursor::position)
        .thenComparingLong(LedgerCursor::number)
        .compare(this, other);
  }

  @Override
  public String toString() {
    return position + "-" + number;
  }
}
