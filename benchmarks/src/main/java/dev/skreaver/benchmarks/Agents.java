package dev.skreaver.benchmarks;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import reactor.util.retry.Retry;

/** Agents that are paused and resumed in turn, straight at the command service. */
final class Agents {
  static final TenantId TENANT = new TenantId("benchmark");

  private static final Duration CATCHING_UP = Duration.ofMinutes(10);

  private final AgentCommands commands;

  Agents(AgentCommands commands) {
    this.commands = commands;
  }

  AgentKey create() {
    var key = new AgentKey(TENANT, new AgentId("bench-" + UUID.randomUUID()));
    create(key);
    return key;
  }

  private AgentCommands.Receipt create(AgentKey key) {
    var type = AgentType.BuiltIn.ECHO;
    return send(
        new AgentCommand.Create(
            key, new AgentSpec(type, null, Map.of(), Map.of(), AgentLimits.defaultsFor(type))));
  }

  /** Returns when the read model shows everything that was commanded before. */
  void awaitReadModel(AgentQueries queries) {
    var key = new AgentKey(TENANT, new AgentId("bench-" + UUID.randomUUID()));
    read(queries, key, create(key).position());
  }

  /** Returns when the read model shows the agent at this position, however long it takes. */
  static void read(AgentQueries queries, AgentKey key, long position) {
    queries
        .get(new AgentQueries.Get(key, position))
        .retryWhen(
            Retry.indefinitely()
                .filter(
                    failure ->
                        failure instanceof Refusal refusal
                            && refusal.code() == ErrorCode.POSITION_NOT_REACHED))
        .block(CATCHING_UP);
  }

  /** An agent that is paused and resumed: one command at a time, however many call. */
  final class Toggled {
    private final AgentKey key = create();
    private boolean paused;

    AgentKey key() {
      return key;
    }

    /** Pauses or resumes it, and returns once that is durable. */
    synchronized AgentCommands.Receipt toggle() {
      AgentCommands.Receipt receipt =
          send(paused ? new AgentCommand.Resume(key) : new AgentCommand.Pause(key, "benchmark"));
      paused = !paused;
      return receipt;
    }
  }

  /** The next pause or resume of one agent. */
  Load.Caller pausingAndResuming() {
    return new Toggled()::toggle;
  }

  /**
   * @return once the command is durable
   */
  AgentCommands.Receipt send(AgentCommand command) {
    String request = UUID.randomUUID().toString();
    var caller = new Caller(TENANT, "benchmark", "none", request, request, null);
    return Objects.requireNonNull(
        commands.send(new AgentCommands.Request(command, caller, null, null)).block());
  }
}
