package dev.skreaver.gateway.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.gateway.websocket.EventLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RingTest {
  private final EventLog log = new EventLog();
  private final Ring ring = new Ring(3, 0);

  private long add() {
    log.record("acme", "a", "agent.updated", Map.of());
    RecordedEvent event = log.after(0).getLast();
    ring.add(new StreamItem.Event(event, 0));
    return event.position();
  }

  private List<Long> after(long position) {
    var found = new ArrayList<Long>();
    for (long number = ring.firstAfter(position); number < ring.end(); number++) {
      found.add(ring.get(number).event().position());
    }
    return found;
  }

  @Test
  void an_empty_ring_is_complete_after_where_it_begins() {
    assertThat(new Ring(3, 17).floor()).isEqualTo(17);
    assertThat(after(0)).isEmpty();
  }

  @Test
  void what_lies_behind_any_position_is_found_though_positions_have_holes() {
    long first = add();
    long second = add();
    long third = add();

    assertThat(after(0)).containsExactly(first, second, third);
    assertThat(after(first)).containsExactly(second, third);
    assertThat(after(third - 1)).containsExactly(third);
    assertThat(after(third)).isEmpty();
  }

  @Test
  void the_oldest_gives_way_and_the_ring_is_complete_after_it_only() {
    add();
    long second = add();
    long third = add();
    long fourth = add();
    long fifth = add();

    assertThat(ring.floor()).isEqualTo(second);
    assertThat(after(second)).containsExactly(third, fourth, fifth);
  }
}
