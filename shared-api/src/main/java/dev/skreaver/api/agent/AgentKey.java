package dev.skreaver.api.agent;

/**
 * An agent in the whole system. Its string form {@code tenant/agent} identifies the aggregate in
 * the event store; neither part may contain a slash, so one tenant can never name another's agent.
 */
public record AgentKey(TenantId tenant, AgentId id) {
  @Override
  public String toString() {
    return tenant.value() + "/" + id.value();
  }

  /** The inverse of {@link #toString}. */
  public static AgentKey parse(String text) {
    int slash = text.indexOf('/');
    return new AgentKey(
        new TenantId(text.substring(0, slash)), new AgentId(text.substring(slash + 1)));
  }
}
