package dev.skreaver.command.agent;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.DryRun;
import dev.skreaver.api.agent.AgentCommands.ProposedEvent;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.command.store.SubjectKeys.Actor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.axonframework.commandhandling.CommandMessage;
import org.axonframework.commandhandling.GenericCommandMessage;
import org.axonframework.commandhandling.gateway.CommandGateway;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.EventMessage;
import org.axonframework.eventhandling.TrackedEventMessage;
import org.axonframework.eventhandling.TrackingToken;
import org.axonframework.eventsourcing.eventstore.DomainEventStream;
import org.axonframework.eventsourcing.eventstore.EventStorageEngine;
import org.axonframework.messaging.Message;
import org.axonframework.messaging.unitofwork.CurrentUnitOfWork;
import org.axonframework.modelling.command.AggregateStreamCreationException;
import org.jspecify.annotations.Nullable;

/**
 * Decides commands as they would be decided, by the same aggregate, and keeps nothing. Each is
 * decided on an agent of its own that is loaded from the event store and thrown away: it waits for
 * no command, none waits for it, and the cached agents never see it.
 */
final class DryRuns {
  private static final String DECISION = "dry_run";

  private final CommandGateway gateway;
  private final PostgresEventStorageEngine engine;

  /**
   * @param gateway to aggregates whose events are stored by a {@link Storage}
   */
  DryRuns(CommandGateway gateway, PostgresEventStorageEngine engine) {
    this.gateway = gateway;
    this.engine = engine;
  }

  /**
   * Goes with a command message and takes the events that it decides on.
   *
   * @param given the texts that came with the command; what is equal to one of them is not sealed
   */
  private record Decision(List<DomainEventMessage<?>> events, Set<String> given) {
    static Decision of(Message<?> command) {
      if (command.getMetaData().get(DECISION) instanceof Decision decision) {
        return decision;
      }
      throw new IllegalStateException("a dry run takes no command from elsewhere");
    }

    /** The text as its caller may see it. */
    String shown(String text, String opened) {
      return given.contains(text) ? text : opened;
    }
  }

  /** Who seals nothing, because nothing is kept. */
  static Actor actor(CommandMessage<?> command) {
    Set<String> given = Decision.of(command).given();
    String subject = ReceivedCommand.of(command).request().caller().subject();
    given.add(subject);
    return new Actor(
        "",
        subject,
        text -> {
          given.add(text);
          return text;
        });
  }

  CompletableFuture<DryRun> decide(Request request) {
    AgentCommand command = request.command();
    if (!command.agent().tenant().equals(request.caller().tenant())) {
      return CompletableFuture.failedFuture(AgentCommandDispatch.notFound(command.agent()));
    }
    var decision = new Decision(new ArrayList<>(), new HashSet<>());
    Map<String, Object> metadata = ReceivedCommand.now(request).metadata();
    metadata.put(DECISION, decision);
    var decided = new CompletableFuture<AgentView>();
    // Before it is sent, so that it is the command's thread that waits for the store.
    CompletableFuture<DryRun> answer =
        decided.thenApply(
            agent ->
                new DryRun(
                    decision.events().stream().map(DryRuns::proposed).toList(),
                    opened(agent, decision),
                    engine.lastPosition(command.agent().toString())));
    gateway.<Object, AgentView>send(
        new GenericCommandMessage<>(command, metadata),
        (sent, result) -> {
          if (result.isExceptional()) {
            decided.completeExceptionally(
                AgentCommandDispatch.failure(command.agent(), result.exceptionResult()));
          } else {
            decided.complete(result.getPayload());
          }
        });
    return answer;
  }

  /** Only what was stored: else whoever gives a sealed text of somebody else could read it. */
  private AgentView opened(AgentView agent, Decision decision) {
    AgentView opened = engine.subjects().openAnew(agent);
    String reason = agent.statusReason();
    String openedReason = opened.statusReason();
    return opened.showing(
        decision.shown(agent.owner(), opened.owner()),
        reason == null || openedReason == null ? null : decision.shown(reason, openedReason));
  }

  private static ProposedEvent proposed(DomainEventMessage<?> event) {
    EventCatalog type = EventCatalog.of(event.getPayloadType());
    byte[] data = event.serializePayload(EventFormat.instance(), byte[].class).getData();
    return new ProposedEvent(
        type.wireName(),
        type.revision(),
        event.getSequenceNumber(),
        WireJson.mapper().readTree(data));
  }

  /** Reads what the event store has, and hands what is to be stored to the {@link Decision}. */
  static final class Storage implements EventStorageEngine {
    private final PostgresEventStorageEngine engine;

    Storage(PostgresEventStorageEngine engine) {
      this.engine = engine;
    }

    @Override
    public void appendEvents(List<? extends EventMessage<?>> events) {
      Decision decision = Decision.of(CurrentUnitOfWork.get().root().getMessage());
      for (EventMessage<?> event : events) {
        var proposed = (DomainEventMessage<?>) event;
        if (proposed.getSequenceNumber() == 0 && engine.exists(proposed.getAggregateIdentifier())) {
          throw new AggregateStreamCreationException(
              proposed.getAggregateIdentifier() + " exists already");
        }
        decision.events().add(proposed);
      }
    }

    @Override
    public DomainEventStream readEvents(String aggregateIdentifier, long firstSequenceNumber) {
      return engine.readEvents(aggregateIdentifier, firstSequenceNumber);
    }

    @Override
    public Optional<DomainEventMessage<?>> readSnapshot(String aggregateIdentifier) {
      return engine.readSnapshot(aggregateIdentifier);
    }

    @Override
    public void storeSnapshot(DomainEventMessage<?> snapshot) {
      throw new UnsupportedOperationException("a dry run stores nothing");
    }

    @Override
    public Stream<? extends TrackedEventMessage<?>> readEvents(
        @Nullable TrackingToken trackingToken, boolean mayBlock) {
      throw new UnsupportedOperationException("a dry run has no global order");
    }
  }
}
