package dev.skreaver.query.projection;

import dev.skreaver.api.event.RecordedEvent;
import java.util.ArrayList;
import java.util.List;
import org.axonframework.eventhandling.EventHandlerInvoker;
import org.axonframework.eventhandling.EventMessage;
import org.axonframework.eventhandling.Segment;
import org.axonframework.messaging.unitofwork.CurrentUnitOfWork;
import org.axonframework.messaging.unitofwork.UnitOfWork;

/** Collects a segment's events of one transaction and writes them, all at once, at its end. */
final class SegmentEvents implements EventHandlerInvoker {
  private static final String RESOURCE = SegmentEvents.class.getName();

  private final Progress progress;
  private final BatchWriter<?> writer;
  private final R2dbcTransactions transactions;
  private final SegmentTokens tokens;

  SegmentEvents(
      Progress progress,
      BatchWriter<?> writer,
      R2dbcTransactions transactions,
      SegmentTokens tokens) {
    this.progress = progress;
    this.writer = writer;
    this.transactions = transactions;
    this.tokens = tokens;
  }

  @Override
  public boolean canHandle(EventMessage<?> message, Segment segment) {
    RecordedEvent event = (RecordedEvent) message.getPayload();
    boolean own = segment.matches(DeadLetters.sequence(event));
    progress.offered(segment.getSegmentId(), event.position(), own);
    return own;
  }

  @Override
  public void handle(EventMessage<?> message, Segment segment) {
    UnitOfWork<?> batch = CurrentUnitOfWork.get().root();
    List<RecordedEvent> events =
        batch.getOrComputeResource(RESOURCE, key -> begin(batch, segment.getSegmentId()));
    events.add((RecordedEvent) message.getPayload());
  }

  private List<RecordedEvent> begin(UnitOfWork<?> batch, int segment) {
    var events = new ArrayList<RecordedEvent>();
    var failure = new String[] {"the batch could not be committed"};
    batch.onPrepareCommit(
        unit -> {
          try {
            writer.write(transactions.session(), progress.generation(), events);
          } catch (RuntimeException e) {
            failure[0] = String.valueOf(e.getMessage());
            throw e;
          }
        });
    // Not before the clean-up: until the rollback is done it holds the lock on the token's row.
    batch.onRollback(
        unit ->
            unit.onCleanup(
                done ->
                    tokens.failed(
                        progress.generation(),
                        segment,
                        "after position %d: %s"
                            .formatted(events.getFirst().position() - 1, failure[0]))));
    return events;
  }

  @Override
  public boolean supportsReset() {
    return false;
  }
}
