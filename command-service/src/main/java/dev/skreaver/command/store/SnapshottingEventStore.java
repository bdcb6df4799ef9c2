package dev.skreaver.command.store;

import org.axonframework.eventsourcing.eventstore.DomainEventStream;
import org.axonframework.eventsourcing.eventstore.EmbeddedEventStore;
import org.axonframework.eventsourcing.eventstore.EventStorageEngine;

/** Axon's event store, which loads an aggregate's snapshot and events in one round trip. */
public final class SnapshottingEventStore extends EmbeddedEventStore {
  private final PostgresEventStorageEngine engine;
  private final SnapshotFormat format;

  SnapshottingEventStore(PostgresEventStorageEngine engine, SnapshotFormat format) {
    this(engine, engine, format);
  }

  /**
   * @param storage takes what is appended
   * @param engine has what was stored
   */
  public SnapshottingEventStore(
      EventStorageEngine storage, PostgresEventStorageEngine engine, SnapshotFormat format) {
    super(EmbeddedEventStore.builder().storageEngine(storage));
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
