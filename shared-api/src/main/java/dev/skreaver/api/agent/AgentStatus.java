package dev.skreaver.api.agent;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Where an agent is in its life, and the one table of where it may go (wire contract §2.3). */
public enum AgentStatus {
  INITIALIZING,
  READY,
  PROCESSING,
  WAITING_FOR_TOOLS,
  COMPLETED,
  RECOVERABLE_ERROR,
  FATAL_ERROR,
  PAUSED,
  STOPPED;

  private static final Map<AgentStatus, Set<AgentStatus>> TRANSITIONS =
      Map.of(
          INITIALIZING, EnumSet.of(READY, RECOVERABLE_ERROR, FATAL_ERROR, STOPPED),
          READY, EnumSet.of(PROCESSING, PAUSED, RECOVERABLE_ERROR, FATAL_ERROR, STOPPED),
          PROCESSING,
              EnumSet.of(WAITING_FOR_TOOLS, COMPLETED, RECOVERABLE_ERROR, FATAL_ERROR, STOPPED),
          WAITING_FOR_TOOLS,
              EnumSet.of(PROCESSING, COMPLETED, RECOVERABLE_ERROR, FATAL_ERROR, STOPPED),
          COMPLETED, EnumSet.of(READY, PROCESSING, PAUSED, STOPPED),
          RECOVERABLE_ERROR, EnumSet.of(READY, PROCESSING, STOPPED),
          FATAL_ERROR, EnumSet.of(STOPPED),
          PAUSED, EnumSet.of(READY, RECOVERABLE_ERROR, FATAL_ERROR, STOPPED),
          STOPPED, EnumSet.noneOf(AgentStatus.class));

  /** The statuses that may follow this one. */
  public Set<AgentStatus> next() {
    return Set.copyOf(TRANSITIONS.getOrDefault(this, Set.of()));
  }

  /**
   * Does nothing if {@code target} may follow this status.
   *
   * @throws Refusal {@code illegal_transition}, naming this status and what is allowed
   */
  public void check(AgentStatus target) {
    if (!next().contains(target)) {
      List<String> allowed = next().stream().map(AgentStatus::wireName).sorted().toList();
      throw new Refusal(
          ErrorCode.ILLEGAL_TRANSITION,
          "The agent is %s and cannot become %s; allowed from here: %s"
              .formatted(
                  wireName(),
                  target.wireName(),
                  allowed.isEmpty() ? "nothing" : String.join(", ", allowed)),
          Map.of(
              "current_state",
              wireName(),
              "requested_state",
              target.wireName(),
              "allowed",
              allowed));
    }
  }

  @JsonValue
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws Refusal {@code invalid_input} if no status has this name
   */
  @JsonCreator
  public static AgentStatus fromWire(String name) {
    return Arrays.stream(values())
        .filter(status -> status.wireName().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                Refusal.invalidField(
                    "status",
                    "must be one of "
                        + String.join(
                            ", ", Arrays.stream(values()).map(AgentStatus::wireName).toList())));
  }
}
