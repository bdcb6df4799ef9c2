package dev.skreaver.command.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.command.store.SnapshotFormat;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.UUID;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.EventMessage;
import org.axonframework.eventsourcing.SnapshotTrigger;
import org.axonframework.eventsourcing.SnapshotTriggerDefinition;
import org.axonframework.eventsourcing.eventstore.DomainEventStream;
import org.axonframework.messaging.unitofwork.CurrentUnitOfWork;
import org.axonframework.messaging.unitofwork.UnitOfWork;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectReader;

/**
 * Keeps an agent's state now and then, after a command whose answer it is: no event has to be read
 * again for it.
 */
public final class AgentSnapshots implements SnapshotTriggerDefinition {
  /** To be raised when {@link AgentView#after} makes something else of the same events. */
  private static final int REVISION = 1;

  private static final String SCHEMA = "agent/%d/%s".formatted(REVISION, shape());

  private static final ObjectReader STATE =
      WireJson.mapper()
          .readerFor(AgentView.class)
          .with(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private final PostgresEventStorageEngine engine;
  private final int every;

  /**
   * @param every after how many events; 0 for never
   */
  AgentSnapshots(PostgresEventStorageEngine engine, int every) {
    this.engine = engine;
    this.every = every;
  }

  /** Of the snapshots that this release reads. */
  public static SnapshotFormat format() {
    return new SnapshotFormat(SCHEMA, AgentSnapshots::read);
  }

  /** Keeps the state of a living agent as its events make it, and returns when it is kept. */
  public static void take(PostgresEventStorageEngine engine, String aggregateIdentifier) {
    @Nullable AgentView view = null;
    for (DomainEventStream messages = engine.load(aggregateIdentifier, format());
        messages.hasNext(); ) {
      DomainEventMessage<?> message = messages.next();
      view =
          switch (message.getPayload()) {
            case Agent agent -> agent.view();
            case AgentEvent event ->
                AgentView.after(
                    view,
                    event,
                    message.getTimestamp().truncatedTo(ChronoUnit.MICROS),
                    message.getSequenceNumber());
            default ->
                view == null
                    ? null
                    : view.afterDropped(
                        message.getTimestamp().truncatedTo(ChronoUnit.MICROS),
                        message.getSequenceNumber());
          };
    }
    if (view != null && !view.deleted()) {
      engine.writeSnapshot(
          aggregateIdentifier, view.version(), SCHEMA, WireJson.mapper().writeValueAsBytes(view));
    }
  }

  private static Agent read(String identifier, byte[] state) {
    AgentKey key = AgentKey.parse(identifier);
    AgentView view = STATE.readValue(state);
    if (!key.id().equals(view.agentId())) {
      throw new IllegalArgumentException("it is of agent " + view.agentId());
    }
    if (!Arrays.equals(state(view), state)) {
      throw new IllegalArgumentException("this release would write it differently");
    }
    return new Agent(key, view);
  }

  private static byte[] state(AgentView view) {
    return WireJson.mapper().writeValueAsBytes(view);
  }

  private static String shape() {
    return UUID.nameUUIDFromBytes(Shape.of(AgentView.class).getBytes(UTF_8)).toString();
  }

  @Override
  public SnapshotTrigger prepareTrigger(Class<?> aggregateType) {
    return new Trigger();
  }

  private final class Trigger implements SnapshotTrigger {
    private int events;
    private boolean due;

    @Override
    public void eventHandled(EventMessage<?> message) {
      if (message.getPayloadType() == Agent.class) {
        events = 0;
        return;
      }
      events++;
      if (every > 0
          && events >= every
          && !due
          && message instanceof DomainEventMessage<?> event
          && CurrentUnitOfWork.isStarted()) {
        due = true;
        UnitOfWork<?> command = CurrentUnitOfWork.get().root();
        command.afterCommit(committed -> take(event.getAggregateIdentifier(), committed));
        command.onCleanup(ended -> due = false);
      }
    }

    @Override
    public void initializationFinished() {
      // Of no concern: what was replayed counts as what is new.
    }

    private void take(String aggregateIdentifier, UnitOfWork<?> command) {
      if (command.getExecutionResult().getResult().getPayload() instanceof AgentView view
          && !view.deleted()
          && engine.keepSnapshot(aggregateIdentifier, view.version(), SCHEMA, () -> state(view))) {
        events = 0;
      }
    }
  }
}
