package dev.skreaver.benchmarks;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.caller.Caller;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** Agents that are paused and resumed in turn, straight at the command service. */
final class Agents {
  static final TenantId TENANT = new TenantId("benchmark");

  private final AgentCommands commands;

  Agents(AgentCommands commands) {
    this.commands = commands;
  }

  AgentKey create() {
    var type = AgentType.BuiltIn.ECHO;
    var key = new AgentKey(TENANT, new AgentId("bench-" + UUID.randomUUID()));
    send(
        new AgentCommand.Create(
            key, new AgentSpec(type, null, Map.of(), Map.of(), AgentLimits.defaultsFor(type))));
    return key;
  }

  /** The next pause or resume of one agent. */
  Load.Caller pausingAndResuming() {
    AgentKey agent = create();
    var paused = new boolean[1];
    return () -> {
      send(paused[0] ? new AgentCommand.Resume(agent) : new AgentCommand.Pause(agent, "benchmark"));
      paused[0] = !paused[0];
    };
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
