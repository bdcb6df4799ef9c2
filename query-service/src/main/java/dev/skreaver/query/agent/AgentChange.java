package dev.skreaver.query.agent;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.event.CurrentEvent;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.query.projection.ProjectedEvent;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one event, or several in a row, change about an agent's row: only what they set, so that it
 * can be applied without reading the row. Every value is absolute: to apply a change to a row that
 * already holds part of it does no harm.
 *
 * @param origin null unless the agent begins here
 * @param standing null if the status stays
 * @param details null if they stay
 * @param version the number of the last of these events
 */
record AgentChange(
    AgentKey agent,
    @Nullable Origin origin,
    @Nullable Standing standing,
    @Nullable Details details,
    boolean deleted,
    Instant lastActivity,
    long version) {

  /**
   * What never changes after the beginning.
   *
   * @param spec null if the payload that held it was erased
   */
  record Origin(Instant createdAt, @Nullable Spec spec) {}

  record Spec(AgentType type, AgentLimits limits, String owner) {}

  record Standing(AgentStatus status, @Nullable String reason, Instant since) {}

  record Details(@Nullable String name, Map<String, String> labels, Map<String, Object> config) {
    /** A deleted agent's row remains, so that a late repeat cannot revive it, but says nothing. */
    static final Details NONE = new Details(null, Map.of(), Map.of());
  }

  static AgentChange by(ProjectedEvent event) {
    var change =
        new AgentChange(event.agent(), null, null, null, false, event.time(), event.version());
    for (CurrentEvent current : event.events()) {
      change =
          current.event() == null
              ? change.erased(current.type())
              : change.made((AgentEvent) current.event());
    }
    return change;
  }

  /** Both in a row; a later one that is already contained changes nothing. */
  AgentChange then(AgentChange later) {
    if (later.version <= version) {
      return this;
    }
    return new AgentChange(
        agent,
        origin == null ? later.origin : origin,
        later.standing == null ? standing : later.standing,
        later.details == null ? details : later.details,
        deleted || later.deleted,
        later.lastActivity,
        later.version);
  }

  private AgentChange made(AgentEvent event) {
    return switch (event) {
      case AgentEvent.Created created -> begun(created.owner(), created.spec());
      case AgentEvent.Started started -> in(AgentStatus.READY, null);
      case AgentEvent.Updated updated ->
          with(new Details(updated.name(), updated.labels(), updated.config()));
      case AgentEvent.Paused paused -> in(AgentStatus.PAUSED, paused.reason());
      case AgentEvent.Resumed resumed -> in(AgentStatus.READY, null);
      case AgentEvent.Stopped stopped -> in(AgentStatus.STOPPED, stopped.reason());
      case AgentEvent.ErrorReported reported ->
          in(
              reported.recoverable() ? AgentStatus.RECOVERABLE_ERROR : AgentStatus.FATAL_ERROR,
              reported.error());
      case AgentEvent.Recovered recovered -> in(AgentStatus.READY, null);
      case AgentEvent.Deleted deleted -> gone(origin);
    };
  }

  /** What the name of an event tells when its payload was erased. */
  private AgentChange erased(EventCatalog event) {
    return switch (event) {
      case AGENT_CREATED -> gone(new Origin(lastActivity, null));
      case AGENT_STARTED, AGENT_RESUMED, AGENT_RECOVERED -> in(AgentStatus.READY, null);
      case AGENT_UPDATED -> with(Details.NONE);
      case AGENT_PAUSED -> in(AgentStatus.PAUSED, null);
      case AGENT_STOPPED -> in(AgentStatus.STOPPED, null);
      // Whether it was recoverable is gone too; what follows in the history says so.
      case AGENT_ERROR -> in(AgentStatus.FATAL_ERROR, null);
      case AGENT_DELETED -> gone(origin);
      case SUBJECT_ERASED -> this;
    };
  }

  private AgentChange begun(String owner, AgentSpec spec) {
    return new AgentChange(
        agent,
        new Origin(lastActivity, new Spec(spec.agentType(), spec.limits(), owner)),
        new Standing(AgentStatus.INITIALIZING, null, lastActivity),
        new Details(spec.name(), spec.labels(), spec.config()),
        false,
        lastActivity,
        version);
  }

  private AgentChange in(AgentStatus status, @Nullable String reason) {
    return new AgentChange(
        agent,
        origin,
        new Standing(status, reason, lastActivity),
        details,
        deleted,
        lastActivity,
        version);
  }

  private AgentChange with(Details set) {
    return new AgentChange(agent, origin, standing, set, deleted, lastActivity, version);
  }

  private AgentChange gone(@Nullable Origin beginning) {
    return new AgentChange(agent, beginning, standing, Details.NONE, true, lastActivity, version);
  }
}
