package dev.skreaver.gateway.request;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.gateway.security.Identity;
import dev.skreaver.gateway.security.Permission;
import org.jspecify.annotations.Nullable;

/**
 * What a reading request says besides its query parameters. An endpoint gets it as an argument.
 *
 * @param minPosition from {@code Skreaver-Position}: the answer must be no older than this
 */
public record Read(Identity identity, @Nullable Long minPosition) {

  /**
   * The tenant that is asked about.
   *
   * @param asked null for the caller's own
   * @throws dev.skreaver.api.error.Refusal {@code insufficient_permissions} for one that is not the
   *     caller's, unless it is an administrator
   */
  public TenantId tenant(@Nullable TenantId asked) {
    if (asked == null || asked.equals(identity.tenant())) {
      return identity.tenant();
    }
    identity.require(Permission.ADMIN_ACCESS);
    return asked;
  }

  /** The caller's own agent of this id: another tenant's cannot be named. */
  public AgentKey agent(AgentId id) {
    return new AgentKey(identity.tenant(), id);
  }
}
