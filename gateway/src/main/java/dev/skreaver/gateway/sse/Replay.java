package dev.skreaver.gateway.sse;

import dev.skreaver.api.agent.AgentQueries.Moment;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.gateway.request.Form;
import dev.skreaver.gateway.request.FromQuery;
import org.jspecify.annotations.Nullable;

/**
 * What {@code GET /agents/{id}/replay/stream} can be asked for.
 *
 * @param from the replay shows what came after this position or time; everything, if absent
 * @param to the last position or time that it shows; what there is now, if absent
 */
record Replay(@Nullable Speed speed, @Nullable String from, @Nullable String to)
    implements FromQuery {

  /**
   * @param head the store's last position
   * @param resumed the last position that the client has seen, or null
   * @throws Refusal {@code invalid_input} for moments that are not there, or not in order
   */
  Reel reel(long head, @Nullable Long resumed) {
    Moment begin = from == null ? new Moment(0L, null) : Form.moment("from", from);
    Moment end = to == null ? new Moment(head, null) : Form.moment("to", to);
    check("from", begin, head);
    check("to", end, head);
    if (begin.isAfter(end)) {
      throw Refusal.invalidField("from", "must not be later than 'to'");
    }
    return new Reel(
        speed == null ? Speed.AS_IT_WAS : speed, begin, end, resumed == null ? 0 : resumed, head);
  }

  private static void check(String field, Moment moment, long head) {
    if (moment.position() != null && moment.position() > head) {
      throw Refusal.invalidField(
          field, "has not been reached, the last position is %d".formatted(head));
    }
  }
}
