package dev.skreaver.query.audit;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.CausationQueries.From;
import dev.skreaver.api.event.CausationQueries.Step;
import dev.skreaver.api.event.CausationQueries.Trace;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.personal.PersonalTexts;
import dev.skreaver.query.read.Unavailable;
import dev.skreaver.query.read.Where;
import dev.skreaver.query.tail.EventPages;
import io.r2dbc.spi.Readable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/**
 * Walks from event to event, level by level, in the audit index. No event is visited twice, so that
 * a circle ends.
 */
@Component
final class CausationGraph {
  private static final Pattern UUID_FORM =
      Pattern.compile("[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}");

  private final DatabaseClient readModel;
  private final EventPages events;
  private final PersonalTexts texts;

  CausationGraph(DatabaseClient readModel, EventPages events, PersonalTexts texts) {
    this.readModel = readModel;
    this.events = events;
    this.texts = texts;
  }

  /** An event in the graph. */
  private record Node(
      long position,
      @Nullable UUID eventId,
      @Nullable UUID commandId,
      @Nullable String causationId) {}

  /**
   * A walk so far.
   *
   * @param levels the nodes by depth; the first is where it began
   */
  private record Walk(List<List<Node>> levels, boolean truncated) {
    List<Node> frontier() {
      return levels.getLast();
    }

    int depth() {
      return levels.size() - 1;
    }

    Long[] visited() {
      return levels.stream().flatMap(List::stream).map(Node::position).toArray(Long[]::new);
    }

    Walk to(List<Node> next, boolean cut) {
      var longer = new ArrayList<>(levels);
      if (!next.isEmpty()) {
        longer.add(next);
      }
      return new Walk(longer, cut);
    }
  }

  /**
   * @param reached the position that the index has reached
   */
  Mono<Trace> causes(From query, long reached) {
    return trace(query, reached, CausationGraph::causesOf);
  }

  /**
   * @param reached the position that the index has reached
   */
  Mono<Trace> effects(From query, long reached) {
    return trace(query, reached, CausationGraph::effectsOf);
  }

  private Mono<Trace> trace(
      From query, long reached, Function<List<Node>, @Nullable Where> neighbours) {
    return start(query)
        .flatMap(node -> walk(query, new Walk(List.of(List.of(node)), false), neighbours))
        .flatMap(walk -> recorded(query, walk, reached));
  }

  private Mono<Node> start(From query) {
    var where =
        new Where()
            .and("event_id = :event", "event", query.eventId())
            .and("position = :position", "position", query.eventPosition());
    return nodes(query, where, 1)
        .flatMap(found -> Mono.justOrEmpty(found.stream().findFirst()))
        .switchIfEmpty(Mono.error(() -> notFound(query)));
  }

  private static Refusal notFound(From query) {
    String id = String.valueOf(query.eventId() != null ? query.eventId() : query.eventPosition());
    return new Refusal(
        ErrorCode.EVENT_NOT_FOUND,
        "There is no event %s; if it is of just now, ask with its position".formatted(id),
        Map.of("id", id));
  }

  private Mono<Walk> walk(From query, Walk walk, Function<List<Node>, @Nullable Where> neighbours) {
    Where where = neighbours.apply(walk.frontier());
    if (where == null) {
      return Mono.just(walk);
    }
    where.and("position <> ALL(:visited)", "visited", walk.visited());
    int room = walk.depth() == query.depth() ? 0 : query.limit() - (walk.visited().length - 1);
    return nodes(query, where, room + 1)
        .flatMap(
            found -> {
              if (found.isEmpty()) {
                return Mono.just(walk);
              }
              return found.size() > room
                  ? Mono.just(walk.to(found.subList(0, room), true))
                  : walk(query, walk.to(found, false), neighbours);
            });
  }

  /** What the events name as their cause: an event, or all the events of a command. */
  private static @Nullable Where causesOf(List<Node> nodes) {
    UUID[] named =
        nodes.stream()
            .flatMap(node -> Stream.ofNullable(node.causationId()))
            .filter(id -> UUID_FORM.matcher(id).matches())
            .map(UUID::fromString)
            .distinct()
            .toArray(UUID[]::new);
    return named.length == 0
        ? null
        : new Where().and("(event_id = ANY(:named) OR command_id = ANY(:named))", "named", named);
  }

  /** What names one of the events, or the command of one, as its cause. */
  private static @Nullable Where effectsOf(List<Node> nodes) {
    String[] names =
        nodes.stream()
            .flatMap(
                node ->
                    Stream.concat(
                        Stream.ofNullable(node.eventId()), Stream.ofNullable(node.commandId())))
            .map(UUID::toString)
            .distinct()
            .toArray(String[]::new);
    return names.length == 0 ? null : new Where().and("causation_id = ANY(:names)", "names", names);
  }

  private Mono<List<Node>> nodes(From query, Where where, int rows) {
    where.and("tenant = :tenant", "tenant", query.tenant().value()).with("rows", rows);
    return where
        .bind(
            readModel.sql(
                """
                SELECT position, event_id, command_id, causation_id FROM read_model.audit_event_v2
                WHERE %s ORDER BY position LIMIT :rows
                """
                    .formatted(where.sql())))
        .map(CausationGraph::node)
        .all()
        .collectList()
        .onErrorMap(Unavailable::readModel);
  }

  private static Node node(Readable row) {
    return new Node(
        Objects.requireNonNull(row.get("position", Long.class)),
        row.get("event_id", UUID.class),
        row.get("command_id", UUID.class),
        row.get("causation_id", String.class));
  }

  /** Steps that are archived are left out, and the trace is truncated then. */
  private Mono<Trace> recorded(From query, Walk walk, long reached) {
    return events
        .kept(List.of(walk.levels().getFirst().getFirst().position()))
        .then(events.at(List.of(walk.visited())))
        .flatMap(texts::events)
        .onErrorMap(Unavailable::eventStore)
        .map(
            found -> {
              Map<Long, RecordedEvent> byPosition =
                  found.stream()
                      .filter(event -> event.tenant().equals(query.tenant()))
                      .collect(Collectors.toMap(RecordedEvent::position, Function.identity()));
              RecordedEvent event = byPosition.get(walk.levels().getFirst().getFirst().position());
              if (event == null) {
                throw notFound(query);
              }
              return new Trace(
                  event,
                  steps(walk, byPosition),
                  walk.truncated() || byPosition.size() < walk.visited().length,
                  reached);
            });
  }

  private static List<Step> steps(Walk walk, Map<Long, RecordedEvent> events) {
    return IntStream.range(1, walk.levels().size())
        .boxed()
        .flatMap(
            depth ->
                walk.levels().get(depth).stream()
                    .flatMap(node -> Stream.ofNullable(events.get(node.position())))
                    .map(event -> new Step(depth, event)))
        .toList();
  }
}
