package dev.skreaver.gateway.security;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.platform.web.RequestIds;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who asks, as a verified token says it.
 *
 * @param tenant the only tenant that this identity reaches
 * @param subject the token's {@code sub}
 * @param authentication how it was authenticated: {@code jwt}
 * @param expiresAt when a connection that lives on it must end
 */
public record Identity(
    TenantId tenant,
    String subject,
    String authentication,
    Set<Permission> permissions,
    Instant expiresAt) {

  public Identity {
    permissions = Set.copyOf(permissions);
  }

  public boolean may(Permission permission) {
    return permissions.contains(permission);
  }

  /**
   * @throws Refusal {@code insufficient_permissions}, naming what is missing
   */
  public void require(Permission permission) {
    if (!may(permission)) {
      throw new Refusal(
          ErrorCode.INSUFFICIENT_PERMISSIONS,
          "The token does not give the permission %s that this needs"
              .formatted(permission.wireName()),
          Map.of(
              "required_permissions",
              List.of(permission.wireName()),
              "user_permissions",
              permissions.stream().map(Permission::wireName).sorted().toList()));
    }
  }

  /** On whose behalf the services act when this identity makes a request with these ids. */
  public Caller caller(RequestIds ids) {
    return new Caller(
        tenant, subject, authentication, ids.requestId(), ids.correlationId(), ids.causationId());
  }
}
