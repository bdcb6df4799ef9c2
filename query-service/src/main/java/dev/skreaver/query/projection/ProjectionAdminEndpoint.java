package dev.skreaver.query.projection;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.projection.ProjectionAdmin;
import dev.skreaver.query.postgres.Session;
import dev.skreaver.query.read.Unavailable;
import dev.skreaver.query.tail.EventPages;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.R2dbcException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * The operator's view of the projections. What waits for the database does so on virtual threads.
 */
@RestController
class ProjectionAdminEndpoint implements ProjectionAdmin {
  private static final int LARGEST_PAGE = 1_000;

  private final Scheduler waiting =
      Schedulers.fromExecutorService(Executors.newVirtualThreadPerTaskExecutor(), "projections");
  private final ProjectionEngine engine;
  private final ProjectionStatus status;
  private final Registry registry;
  private final ConnectionFactory readModel;
  private final EventPages events;

  ProjectionAdminEndpoint(
      ProjectionEngine engine,
      ProjectionStatus status,
      Registry registry,
      ConnectionFactory readModel,
      EventPages events) {
    this.engine = engine;
    this.status = status;
    this.registry = registry;
    this.readModel = readModel;
    this.events = events;
  }

  @Override
  public Flux<Projection> list() {
    return waiting(status::read).flatMapIterable(all -> all);
  }

  @Override
  public Mono<Projection> replay(String name, @Nullable Integer eventsPerSecond) {
    return changed(
        name,
        projection -> {
          requireAllEvents();
          registry.replay(projection, checked(eventsPerSecond));
        });
  }

  private void requireAllEvents() {
    long archived =
        Objects.requireNonNull(events.archived().onErrorMap(Unavailable::eventStore).block());
    if (archived > 0) {
      throw new Refusal(
          ErrorCode.POSITION_NOT_KEPT,
          "Events up to %d are archived; restore the archive, then replay".formatted(archived),
          Map.of("earliest", archived + 1));
    }
  }

  @Override
  public Mono<Projection> pauseReplay(String name) {
    return changed(name, registry::pause);
  }

  @Override
  public Mono<Projection> resumeReplay(String name, @Nullable Integer eventsPerSecond) {
    return changed(name, projection -> registry.resume(projection, checked(eventsPerSecond)));
  }

  private static @Nullable Integer checked(@Nullable Integer eventsPerSecond) {
    if (eventsPerSecond != null && (eventsPerSecond < 1 || eventsPerSecond > Rebuild.FASTEST)) {
      throw Refusal.invalidField("events_per_second", "must be 1 to " + Rebuild.FASTEST);
    }
    return eventsPerSecond;
  }

  private Mono<Projection> changed(
      String name, Consumer<dev.skreaver.query.projection.Projection<?>> change) {
    return waiting(
        () -> {
          change.accept(known(name));
          engine.registryChanged();
          return status.read().stream()
              .filter(projection -> projection.name().equals(name))
              .findFirst()
              .orElseThrow();
        });
  }

  @Override
  public Flux<DeadLetter> deadLetters(@Nullable Long before, int limit) {
    if (limit < 1 || limit > LARGEST_PAGE) {
      return Flux.error(Refusal.invalidField("limit", "must be 1 to " + LARGEST_PAGE));
    }
    return waiting(
            () ->
                Session.inTransaction(
                    readModel, session -> DeadLetters.newestFirst(session, before, limit)))
        .flatMapIterable(letters -> letters);
  }

  @Override
  public Mono<Retry> retry(long id) {
    return waiting(
        () ->
            Session.inTransaction(
                readModel,
                session -> {
                  DeadLetter letter = DeadLetters.find(session, id).orElseThrow(() -> noLetter(id));
                  if (!ofThisRelease(letter)) {
                    throw noLetter(id);
                  }
                  return engine.writer(letter.projection()).retry(session, letter, this::eventsAt);
                }));
  }

  private boolean ofThisRelease(DeadLetter letter) {
    Registry.Entry entry = engine.entries().get(letter.projection());
    return entry != null
        && (Objects.equals(entry.live(), letter.generation())
            || Objects.equals(entry.building(), letter.generation()));
  }

  private Map<Long, RecordedEvent> eventsAt(List<Long> positions) {
    return Objects.requireNonNull(events.at(positions).block()).stream()
        .collect(Collectors.toMap(RecordedEvent::position, Function.identity()));
  }

  private dev.skreaver.query.projection.Projection<?> known(String name) {
    dev.skreaver.query.projection.Projection<?> found = engine.projections().get(name);
    if (found == null) {
      throw new Refusal(
          ErrorCode.PROJECTION_NOT_FOUND,
          "There is no projection '%s'; there are %s"
              .formatted(
                  Refusal.quote(name), engine.projections().keySet().stream().sorted().toList()));
    }
    return found;
  }

  private static Refusal noLetter(long id) {
    return new Refusal(
        ErrorCode.DEAD_LETTER_NOT_FOUND,
        "There is no dead letter %d; it may have been handled, or its read model built anew"
            .formatted(id));
  }

  private <T> Mono<T> waiting(Callable<T> work) {
    return Mono.fromCallable(work)
        .subscribeOn(waiting)
        .onErrorMap(
            R2dbcException.class,
            failed ->
                new Refusal(
                    ErrorCode.READ_MODEL_UNAVAILABLE,
                    "The read model did not answer; try again after a moment"));
  }
}
