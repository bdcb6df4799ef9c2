package dev.skreaver.api.agent;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An agent as the events up to some version made it.
 *
 * @param statusReason why it is paused or stopped, or the error that was reported
 * @param statusSince when it came into its status
 * @param lastActivity the time of its last event
 * @param version the number of its last event, counted from 0
 */
public record AgentView(
    AgentId agentId,
    AgentType agentType,
    AgentStatus status,
    @Nullable String statusReason,
    Instant statusSince,
    @Nullable String name,
    Map<String, String> labels,
    Map<String, Object> config,
    AgentLimits limits,
    String owner,
    Instant createdAt,
    Instant lastActivity,
    long version,
    boolean deleted) {

  /**
   * This agent after one more event. The aggregate, the read model's time travel and every test
   * that replays a history go through here.
   *
   * @param before null only for {@link AgentEvent.Created}
   */
  public static AgentView after(
      @Nullable AgentView before, AgentEvent event, Instant at, long version) {
    if (event instanceof AgentEvent.Created created) {
      return created(created, at, version);
    }
    if (before == null) {
      throw new IllegalStateException("the history of " + event.agentId() + " has no beginning");
    }
    return switch (event) {
      case AgentEvent.Created created -> created(created, at, version);
      case AgentEvent.Started started -> before.in(AgentStatus.READY, null, at, version);
      case AgentEvent.Updated updated ->
          new AgentView(
              before.agentId,
              before.agentType,
              before.status,
              before.statusReason,
              before.statusSince,
              updated.name(),
              updated.labels(),
              updated.config(),
              before.limits,
              before.owner,
              before.createdAt,
              at,
              version,
              before.deleted);
      case AgentEvent.Paused paused -> before.in(AgentStatus.PAUSED, paused.reason(), at, version);
      case AgentEvent.Resumed resumed -> before.in(AgentStatus.READY, null, at, version);
      case AgentEvent.Stopped stopped ->
          before.in(AgentStatus.STOPPED, stopped.reason(), at, version);
      case AgentEvent.ErrorReported reported ->
          before.in(
              reported.recoverable() ? AgentStatus.RECOVERABLE_ERROR : AgentStatus.FATAL_ERROR,
              reported.error(),
              at,
              version);
      case AgentEvent.Recovered recovered -> before.in(AgentStatus.READY, null, at, version);
      case AgentEvent.Deleted deleted ->
          new AgentView(
              before.agentId,
              before.agentType,
              before.status,
              before.statusReason,
              before.statusSince,
              before.name,
              before.labels,
              before.config,
              before.limits,
              before.owner,
              before.createdAt,
              at,
              version,
              true);
    };
  }

  /** This agent after one more event that means nothing any more. */
  public AgentView afterDropped(Instant at, long number) {
    return new AgentView(
        agentId,
        agentType,
        status,
        statusReason,
        statusSince,
        name,
        labels,
        config,
        limits,
        owner,
        createdAt,
        at,
        number,
        deleted);
  }

  private static AgentView created(AgentEvent.Created event, Instant at, long version) {
    AgentSpec spec = event.spec();
    return new AgentView(
        event.agentId(),
        spec.agentType(),
        AgentStatus.INITIALIZING,
        null,
        at,
        spec.name(),
        spec.labels(),
        spec.config(),
        spec.limits(),
        event.owner(),
        at,
        at,
        version,
        false);
  }

  private AgentView in(AgentStatus status, @Nullable String reason, Instant at, long version) {
    return new AgentView(
        agentId, agentType, status, reason, at, name, labels, config, limits, owner, createdAt, at,
        version, deleted);
  }

  /** The same agent with these texts in place of others. */
  public AgentView showing(String owner, @Nullable String statusReason) {
    return new AgentView(
        agentId,
        agentType,
        status,
        statusReason,
        statusSince,
        name,
        labels,
        config,
        limits,
        owner,
        createdAt,
        lastActivity,
        version,
        deleted);
  }

  /**
   * The status as the original's union (wire contract §2.3): a name, or an object of one member
   * with the facts of that status.
   */
  @JsonProperty(access = JsonProperty.Access.READ_ONLY)
  public Object state() {
    var facts = new LinkedHashMap<String, Object>();
    String since =
        switch (status) {
          case INITIALIZING, READY -> null;
          case PROCESSING, WAITING_FOR_TOOLS -> "started_at";
          case COMPLETED -> "completed_at";
          case RECOVERABLE_ERROR, FATAL_ERROR -> "occurred_at";
          case PAUSED -> "paused_at";
          case STOPPED -> "stopped_at";
        };
    if (since == null) {
      return status.wireName();
    }
    if (statusReason != null) {
      boolean failed = status == AgentStatus.RECOVERABLE_ERROR || status == AgentStatus.FATAL_ERROR;
      facts.put(failed ? "error" : "reason", statusReason);
    }
    facts.put(since, statusSince);
    return Map.of(status.wireName(), facts);
  }
}
