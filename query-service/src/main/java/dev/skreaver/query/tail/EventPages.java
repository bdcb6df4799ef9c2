package dev.skreaver.query.tail;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.postgres.Session;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Readable;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Reads of the event store by position; what is personal is still sealed. */
public final class EventPages {
  /** What {@link #read} needs of {@code event_store.recorded_event}. */
  public static final String COLUMNS =
      "position, tenant, agent_id, version, event_id, type, revision, time, metadata, payload";

  private static final String SELECT = "SELECT " + COLUMNS + " FROM event_store.recorded_event ";
  private static final String AFTER = SELECT + "WHERE position > $1 ORDER BY position LIMIT $2";
  private static final String AT = SELECT + "WHERE position = ANY($1) ORDER BY position";

  private static final String HOLDS =
      "SELECT 1 FROM event_store.event WHERE position = $1 AND event_id = $2";
  private static final String ARCHIVED =
      "SELECT coalesce(max(last_position), 0) FROM event_store.archive";

  private final ConnectionFactory eventStore;
  private final EventFormat format;

  public EventPages(ConnectionFactory eventStore, EventFormat format) {
    this.eventStore = eventStore;
    this.format = format;
  }

  /**
   * The next events of all tenants, in order, with {@code previous} set; empty at the head. Fails
   * with {@code position_not_kept} if some of them are archived.
   */
  public Mono<List<RecordedEvent>> after(long position, int limit) {
    return Mono.usingWhen(
        eventStore.create(), connection -> after(connection, position, limit), Connection::close);
  }

  Mono<List<RecordedEvent>> after(Connection connection, long position, int limit) {
    long[] previous = {position};
    return Session.rows(
            connection,
            AFTER,
            row -> {
              RecordedEvent event = read(row, previous[0]);
              previous[0] = event.position();
              return event;
            },
            position,
            limit)
        .collectList()
        .flatMap(page -> withoutArchived(connection, position, page));
  }

  /**
   * A position that nothing stands at means nothing, unless it was archived: whoever went on would
   * never know what it has missed.
   */
  private static Mono<List<RecordedEvent>> withoutArchived(
      Connection connection, long position, List<RecordedEvent> page) {
    return page.isEmpty() || page.getFirst().position() == position + 1
        ? Mono.just(page)
        : archived(connection)
            .flatMap(
                archived ->
                    archived <= position
                        ? Mono.just(page)
                        : Mono.error(
                            new Refusal(
                                ErrorCode.POSITION_NOT_KEPT,
                                "Events after %d are archived, up to %d; restore the archive to read them"
                                    .formatted(position, archived),
                                Map.of("earliest", archived + 1))));
  }

  /** The events at these positions, in order. */
  public Mono<List<RecordedEvent>> at(Collection<Long> positions) {
    Long[] wanted = positions.toArray(Long[]::new);
    return Flux.usingWhen(
            eventStore.create(),
            connection -> Session.rows(connection, AT, row -> read(row, null), (Object) wanted),
            Connection::close)
        .collectList();
  }

  /** The same; fails with {@code position_not_kept} if one that is not there is archived. */
  public Mono<List<RecordedEvent>> kept(Collection<Long> positions) {
    return at(positions)
        .flatMap(
            found ->
                found.size() == positions.size()
                    ? Mono.just(found)
                    : archived()
                        .flatMap(
                            archived ->
                                isArchived(positions, found, archived)
                                    ? Mono.error(notKept(archived))
                                    : Mono.just(found)));
  }

  private static boolean isArchived(
      Collection<Long> positions, List<RecordedEvent> found, long archived) {
    return positions.stream().filter(position -> position <= archived).count()
        > found.stream().filter(event -> event.position() <= archived).count();
  }

  private static Refusal notKept(long archived) {
    return new Refusal(
        ErrorCode.POSITION_NOT_KEPT,
        "The events up to %d are archived; ask for those after it, or restore the archive"
            .formatted(archived),
        Map.of("earliest", archived + 1));
  }

  /** The last position that is in the archive only; 0 if there is none. */
  public Mono<Long> archived() {
    return Mono.usingWhen(eventStore.create(), EventPages::archived, Connection::close);
  }

  private static Mono<Long> archived(Connection connection) {
    return Session.rows(connection, ARCHIVED, row -> required(row, 0, Long.class)).next();
  }

  static Mono<Boolean> holds(Connection connection, Place place) {
    UUID eventId = place.eventId();
    return eventId == null
        ? Mono.just(true)
        : Session.rows(connection, HOLDS, row -> true, place.position(), eventId)
            .next()
            .defaultIfEmpty(false);
  }

  /**
   * Where an event stands.
   *
   * @param position 0 before the first event
   * @param eventId null before the first event
   */
  record Place(long position, @Nullable UUID eventId) {
    static Place of(RecordedEvent event) {
      return new Place(event.position(), event.eventId());
    }
  }

  /** Of the last event. */
  static Mono<Place> head(Connection connection) {
    return Session.rows(
            connection,
            "SELECT position, event_id FROM event_store.event ORDER BY position DESC LIMIT 1",
            row -> new Place(required(row, 0, Long.class), required(row, 1, UUID.class)))
        .next()
        .defaultIfEmpty(new Place(0, null));
  }

  /**
   * @param previous null where a filter was applied
   */
  public RecordedEvent read(Readable row, @Nullable Long previous) {
    return RecordedEvent.stored(
        format,
        required(row, 0, Long.class),
        previous,
        required(row, 1, String.class),
        required(row, 2, String.class),
        required(row, 3, Long.class),
        required(row, 4, UUID.class),
        required(row, 5, String.class),
        required(row, 6, Integer.class),
        required(row, 7, Instant.class),
        required(row, 8, byte[].class),
        row.get(9, byte[].class));
  }

  private static <T> T required(Readable row, int column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type), "a column of recorded_event is null");
  }
}
