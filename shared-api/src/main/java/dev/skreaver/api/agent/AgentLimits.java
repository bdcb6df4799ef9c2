package dev.skreaver.api.agent;

/**
 * What one agent may use.
 *
 * @param maxMemoryMb MiB, 1 to 8192
 * @param maxObservationSizeKb KiB, 1 to 10240
 * @param maxConcurrentTools 1 to 100
 * @param executionTimeoutSecs seconds, 1 to 3600
 */
public record AgentLimits(
    int maxMemoryMb, int maxObservationSizeKb, int maxConcurrentTools, int executionTimeoutSecs) {

  /** The limits of an agent whose spec gives none (wire contract §2.1). */
  public static AgentLimits defaultsFor(AgentType type) {
    return switch (type) {
      case AgentType.BuiltIn.ECHO -> new AgentLimits(16, 64, 1, 10);
      case AgentType.BuiltIn.ADVANCED, AgentType.BuiltIn.ANALYTICS ->
          new AgentLimits(512, 1024, 5, 60);
      case AgentType.Custom custom -> new AgentLimits(64, 256, 2, 30);
    };
  }
}
