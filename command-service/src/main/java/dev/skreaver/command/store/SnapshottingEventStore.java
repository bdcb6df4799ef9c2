package dev.skreaver.command.store;

import org.axonframework.eventsourcing.eventstore.DomainEventStream;
import org.axonframework.eventsourcing.eventstore.EmbeddedEventStore;

/** Axon's event store, which loads an aggregate's snapshot and events in one round trip. */
final class SnapshottingEventStore extends EmbeddedEventStore {
  private final PostgresEventStorageEngine engine;
  private final SnapshotFormat format;

  SnapshottingEventStore(PostgresEventStorageEngine engine, SnapshotFormat format) {
    super(EmbeddedEventStore.builder().storageEngine(engine));
    this.engine = engine;
    this.format = format;
  }

  @Override
  public DomainEventStream readEvents(String aggregateIdentifier) {
    return DomainEventStream.concat(
        engine.load(aggregateIdentifier, format),
        DomainEventStream.of(stagedDomainEventMessages(aggregateIdentifier)));
  }
}
