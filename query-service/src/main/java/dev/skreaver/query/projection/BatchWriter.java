package dev.skreaver.query.projection;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.event.UnknownEventException;
import dev.skreaver.api.projection.ProjectionAdmin.DeadLetter;
import dev.skreaver.api.projection.ProjectionAdmin.Retry;
import dev.skreaver.query.postgres.Session;
import dev.skreaver.query.projection.DeadLetters.Letter;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;

/**
 * Writes events into one projection's tables, in the caller's transaction. What fails because of an
 * event is set aside or stalls the projection, as it has chosen; what fails because of the database
 * fails the transaction, which is then tried again.
 */
final class BatchWriter<B> {
  private static final String SAVEPOINT = "before_write";

  /** Of SQL states: the data is at fault, not the database. */
  private static final Set<String> DATA = Set.of("21", "22", "23", "54", "P0");

  private static final int LETTERS_AT_ONCE = 500;

  private final Projection<B> projection;
  private final EventFormat format;

  BatchWriter(Projection<B> projection, EventFormat format) {
    this.projection = projection;
    this.format = format;
  }

  /** Whether events can have to wait behind a dead letter. */
  boolean setsAside() {
    return projection.onFailure() == FailurePolicy.DEAD_LETTER;
  }

  /** What writes events none of which has to wait. It sends everything when it is subscribed to. */
  Function<Connection, Publisher<?>> writing(Generation generation, List<RecordedEvent> events) {
    B batch = fold(events);
    return connection -> projection.write(connection, generation.tables(), batch);
  }

  private B fold(List<RecordedEvent> events) {
    B batch = projection.newBatch();
    for (RecordedEvent event : events) {
      projection.apply(batch, projected(event));
    }
    return batch;
  }

  /** Whether it may be an event's fault that {@link #writing} failed. */
  static boolean blamesEvents(RuntimeException e) {
    return e instanceof UnknownEventException || blamesData(e);
  }

  /** Handles events of one segment, in order. */
  void write(Session session, Generation generation, List<RecordedEvent> events) {
    Set<String> waiting =
        setsAside()
            ? DeadLetters.waiting(
                session,
                generation,
                events.stream().map(DeadLetters::sequence).collect(Collectors.toSet()))
            : Set.of();
    List<RecordedEvent> free =
        events.stream().filter(event -> !waiting.contains(DeadLetters.sequence(event))).toList();
    if (!together(session, generation, free)) {
      oneByOne(session, generation, events, waiting);
      return;
    }
    DeadLetters.add(
        session,
        generation,
        events.stream()
            .filter(event -> waiting.contains(DeadLetters.sequence(event)))
            .map(BatchWriter::follower)
            .toList());
  }

  private void oneByOne(
      Session session, Generation generation, List<RecordedEvent> events, Set<String> waiting) {
    var blocked = new HashSet<>(waiting);
    var letters = new ArrayList<Letter>();
    for (RecordedEvent event : events) {
      if (blocked.contains(DeadLetters.sequence(event))) {
        letters.add(follower(event));
        continue;
      }
      RuntimeException failure = attempt(session, generation, List.of(event));
      if (failure == null) {
        continue;
      }
      if (projection.onFailure() == FailurePolicy.BLOCK) {
        throw new IllegalStateException(
            "%s at position %d cannot be handled: %s"
                .formatted(event.type(), event.position(), DeadLetters.cause(failure)),
            failure);
      }
      blocked.add(DeadLetters.sequence(event));
      letters.add(new Letter(event, DeadLetters.cause(failure)));
    }
    DeadLetters.add(session, generation, letters);
  }

  private static Letter follower(RecordedEvent event) {
    return new Letter(event, "waits behind an earlier event of " + DeadLetters.sequence(event));
  }

  private boolean together(Session session, Generation generation, List<RecordedEvent> events) {
    return events.isEmpty() || attempt(session, generation, events) == null;
  }

  /**
   * All of the events or none.
   *
   * @return null if they are written; why not, if an event is to blame
   */
  private @Nullable RuntimeException attempt(
      Session session, Generation generation, List<RecordedEvent> events) {
    B batch;
    try {
      batch = fold(events);
    } catch (UnknownEventException e) {
      throw e;
    } catch (RuntimeException e) {
      return e;
    }
    session.run(session.connection().createSavepoint(SAVEPOINT));
    try {
      session.run(projection.write(session.connection(), generation.tables(), batch));
    } catch (RuntimeException e) {
      if (!blamesData(e)) {
        throw e;
      }
      session.run(session.connection().rollbackTransactionToSavepoint(SAVEPOINT));
      return e;
    }
    session.run(session.connection().releaseSavepoint(SAVEPOINT));
    return null;
  }

  private static boolean blamesData(RuntimeException e) {
    if (e instanceof R2dbcException refused) {
      String state = refused.getSqlState();
      return state != null && state.length() == 5 && DATA.contains(state.substring(0, 2));
    }
    return !(e.getCause() instanceof TimeoutException);
  }

  /**
   * Handles the letters of a sequence again, in order, until none is left or one fails again.
   *
   * @param events of the event store, by position
   */
  Retry retry(
      Session session, DeadLetter of, Function<List<Long>, Map<Long, RecordedEvent>> events) {
    var generation = new Generation(of.projection(), of.generation());
    int handled = 0;
    while (true) {
      List<DeadLetter> letters = DeadLetters.lockSequence(session, of, LETTERS_AT_ONCE);
      if (letters.isEmpty()) {
        return new Retry(handled, 0, null);
      }
      Map<Long, RecordedEvent> stored =
          events.apply(letters.stream().map(DeadLetter::position).toList());
      var done = new ArrayList<Long>();
      String cause = null;
      for (DeadLetter letter : letters) {
        cause = handleAgain(session, generation, letter, stored.get(letter.position()));
        if (cause != null) {
          DeadLetters.failedAgain(session, letter.id(), cause);
          break;
        }
        done.add(letter.id());
      }
      DeadLetters.remove(session, done);
      handled += done.size();
      if (cause != null) {
        return new Retry(handled, DeadLetters.count(session, of), cause);
      }
    }
  }

  private @Nullable String handleAgain(
      Session session, Generation generation, DeadLetter letter, @Nullable RecordedEvent event) {
    if (event == null) {
      return "the event store holds no event at position " + letter.position();
    }
    try {
      RuntimeException failure = attempt(session, generation, List.of(event));
      return failure == null ? null : DeadLetters.cause(failure);
    } catch (UnknownEventException e) {
      return DeadLetters.cause(e);
    }
  }

  private ProjectedEvent projected(RecordedEvent event) {
    return new ProjectedEvent(
        event.position(),
        event.eventId(),
        event.type(),
        new AgentKey(event.tenant(), event.agentId()),
        event.version(),
        event.time(),
        event.actor(),
        event.requestId(),
        event.correlationId(),
        event.causationId(),
        event.idempotencyKey(),
        event.commandId(),
        format.current(event));
  }
}
