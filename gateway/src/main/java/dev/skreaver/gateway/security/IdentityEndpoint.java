package dev.skreaver.gateway.security;

import static org.springframework.http.MediaType.APPLICATION_JSON_VALUE;

import dev.skreaver.api.agent.TenantId;
import java.time.Instant;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Tells a caller who its token says it is. */
@RestController
class IdentityEndpoint {

  @GetMapping(path = "/auth/me", produces = APPLICATION_JSON_VALUE)
  Me me(Identity identity) {
    return new Me(
        identity.subject(),
        identity.tenant(),
        identity.permissions().stream().map(Permission::wireName).sorted().toList(),
        identity.expiresAt());
  }

  /**
   * @param permissions all that the token's permissions, roles and scope come to
   * @param expiresAt when the token ends
   */
  record Me(String subject, TenantId tenant, List<String> permissions, Instant expiresAt) {}
}
