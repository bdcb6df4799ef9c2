package dev.skreaver.query.projection;

import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.tail.EventTail;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Events page by page: out of memory near the head, else from the event store, where the next page
 * is read while this one is handled. For one thread, which may wait.
 */
final class PagesAhead {
  static final int PAGE = 2_000;
  private static final Duration ANSWER = Duration.ofSeconds(60);

  private final EventTail tail;
  private @Nullable Ahead ahead;

  private record Ahead(long after, CompletableFuture<@Nullable List<RecordedEvent>> page) {}

  PagesAhead(EventTail tail) {
    this.tail = tail;
  }

  /**
   * The next events after a position, up to another one.
   *
   * @param most of them; reads ahead only if that is a whole page
   */
  List<RecordedEvent> after(long position, long upTo, int most) {
    List<RecordedEvent> kept = tail.recent(position, most);
    List<RecordedEvent> page = kept == null ? read(position, upTo, most) : kept;
    int size = page.size();
    while (size > 0 && page.get(size - 1).position() > upTo) {
      size--;
    }
    return page.subList(0, size);
  }

  private List<RecordedEvent> read(long position, long upTo, int most) {
    Ahead begun = ahead;
    ahead = null;
    Ahead now =
        begun != null && begun.after == position && most == PAGE ? begun : begin(position, most);
    List<RecordedEvent> page =
        Objects.requireNonNull(Mono.fromFuture(now.page).block(ANSWER), "no page");
    if (page.size() == PAGE && page.getLast().position() < upTo) {
      ahead = begin(page.getLast().position(), PAGE);
    }
    return page;
  }

  private Ahead begin(long position, int most) {
    return new Ahead(position, tail.history(position, most).toFuture());
  }
}
