package dev.skreaver.command.agent;

import static org.axonframework.modelling.command.AggregateLifecycle.apply;
import static org.axonframework.modelling.command.AggregateLifecycle.markDeleted;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.DroppedEvent;
import dev.skreaver.command.store.SubjectKeys.Actor;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.axonframework.commandhandling.CommandHandler;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventsourcing.EventSourcingHandler;
import org.axonframework.messaging.annotation.MetaDataValue;
import org.axonframework.modelling.command.AggregateCreationPolicy;
import org.axonframework.modelling.command.AggregateIdentifier;
import org.axonframework.modelling.command.AggregateRoot;
import org.axonframework.modelling.command.CommandHandlerInterceptor;
import org.axonframework.modelling.command.CreationPolicy;
import org.jspecify.annotations.Nullable;

/**
 * One agent: what may happen to it, decided on the state that its events made ({@link
 * AgentView#after}). Every command answers with the agent after it. What is personal in it is
 * sealed by whoever acts, also in memory; it is opened where it leaves the service.
 */
@AggregateRoot(type = "agent")
final class Agent {
  static final String EXPECTED_VERSION = "expected_version";

  @AggregateIdentifier private AgentKey key;
  private AgentView view;

  /** Axon makes the empty agent and then lets it handle {@code Create} or its history. */
  @SuppressWarnings("NullAway.Init")
  Agent() {}

  /** As a snapshot has it. */
  Agent(AgentKey key, AgentView view) {
    this.key = key;
    this.view = view;
  }

  AgentView view() {
    return view;
  }

  @CommandHandlerInterceptor
  void checkVersion(
      AgentCommand command, @MetaDataValue(EXPECTED_VERSION) @Nullable Long expected) {
    if (expected != null && view != null && view.version() != expected) {
      throw new Refusal(
          ErrorCode.VERSION_MISMATCH,
          "The agent is at version %d, not %d: read it again and decide anew"
              .formatted(view.version(), expected),
          Map.of("expected", expected, "actual", view.version()));
    }
  }

  @CommandHandler
  @CreationPolicy(AggregateCreationPolicy.ALWAYS)
  AgentView create(
      AgentCommand.Create command,
      AgentRules rules,
      @MetaDataValue(Actor.IN_METADATA) Actor actor) {
    rules.check(command.spec());
    key = command.agent();
    apply(new AgentEvent.Created(id(), actor.sealedName(), command.spec()));
    apply(new AgentEvent.Started(id()));
    return view;
  }

  @CommandHandler
  AgentView update(AgentCommand.Update command, AgentRules rules) {
    AgentEvent.Updated updated = rules.merge(view, command.changes());
    var now = new AgentEvent.Updated(id(), view.name(), view.labels(), view.config());
    if (!updated.equals(now)) {
      apply(updated);
    }
    return view;
  }

  @CommandHandler
  AgentView pause(
      AgentCommand.Pause command, AgentRules rules, @MetaDataValue(Actor.IN_METADATA) Actor actor) {
    rules.checkReason(command.reason());
    view.status().check(AgentStatus.PAUSED);
    apply(new AgentEvent.Paused(id(), actor.seal(command.reason())));
    return view;
  }

  @CommandHandler
  AgentView resume(AgentCommand.Resume command) {
    checkReadyFrom(AgentStatus.PAUSED, "resumed");
    apply(new AgentEvent.Resumed(id()));
    return view;
  }

  @CommandHandler
  AgentView stop(
      AgentCommand.Stop command, AgentRules rules, @MetaDataValue(Actor.IN_METADATA) Actor actor) {
    rules.checkReason(command.reason());
    view.status().check(AgentStatus.STOPPED);
    apply(new AgentEvent.Stopped(id(), actor.seal(command.reason())));
    return view;
  }

  @CommandHandler
  AgentView reportError(
      AgentCommand.ReportError command,
      AgentRules rules,
      @MetaDataValue(Actor.IN_METADATA) Actor actor) {
    rules.checkError(command.error());
    view.status()
        .check(command.recoverable() ? AgentStatus.RECOVERABLE_ERROR : AgentStatus.FATAL_ERROR);
    apply(new AgentEvent.ErrorReported(id(), actor.seal(command.error()), command.recoverable()));
    return view;
  }

  @CommandHandler
  AgentView recover(AgentCommand.Recover command) {
    checkReadyFrom(AgentStatus.RECOVERABLE_ERROR, "recovered");
    apply(new AgentEvent.Recovered(id()));
    return view;
  }

  @CommandHandler
  AgentView delete(AgentCommand.Delete command) {
    apply(new AgentEvent.Deleted(id()));
    return view;
  }

  @EventSourcingHandler
  void on(AgentEvent event, DomainEventMessage<?> message) {
    if (key == null) {
      key = AgentKey.parse(message.getAggregateIdentifier());
    }
    // The event store keeps microseconds; what is answered now must equal what is read later.
    view =
        AgentView.after(
            view,
            event,
            message.getTimestamp().truncatedTo(ChronoUnit.MICROS),
            message.getSequenceNumber());
    if (view.deleted()) {
      markDeleted();
    }
  }

  @EventSourcingHandler
  void on(DroppedEvent dropped, DomainEventMessage<?> message) {
    view =
        view.afterDropped(
            message.getTimestamp().truncatedTo(ChronoUnit.MICROS), message.getSequenceNumber());
  }

  /** Several statuses may become ready, but each command leaves only one of them. */
  private void checkReadyFrom(AgentStatus from, String done) {
    AgentStatus status = view.status();
    status.check(AgentStatus.READY);
    if (status != from) {
      List<String> allowed = status.next().stream().map(AgentStatus::wireName).sorted().toList();
      throw new Refusal(
          ErrorCode.ILLEGAL_TRANSITION,
          "The agent is %s and cannot be %s, only one that is %s can; allowed from here: %s"
              .formatted(status.wireName(), done, from.wireName(), String.join(", ", allowed)),
          Map.of(
              "current_state",
              status.wireName(),
              "required_state",
              from.wireName(),
              "requested_state",
              AgentStatus.READY.wireName(),
              "allowed",
              allowed));
    }
  }

  private AgentId id() {
    return key.id();
  }
}
