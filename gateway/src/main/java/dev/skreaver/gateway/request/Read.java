package dev.skreaver.gateway.request;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.gateway.security.Identity;
import org.jspecify.annotations.Nullable;

/**
 * What a reading request says besides its query parameters. An endpoint gets it as an argument.
 *
 * @param minPosition from {@code Skreaver-Position}: the answer must be no older than this
 */
public record Read(Identity identity, @Nullable Long minPosition) {

  /** The caller's own agent of this id: another tenant's cannot be named. */
  public AgentKey agent(AgentId id) {
    return new AgentKey(identity.tenant(), id);
  }
}
