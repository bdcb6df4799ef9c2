package dev.skreaver.gateway.security;

import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.core.authority.SimpleGrantedAuthority;

/** An {@link Identity} as Spring Security carries it. */
final class IdentityAuthentication extends AbstractAuthenticationToken {
  private final transient Identity identity;

  IdentityAuthentication(Identity identity) {
    super(
        identity.permissions().stream()
            .map(permission -> new SimpleGrantedAuthority(permission.wireName()))
            .toList());
    this.identity = identity;
    setAuthenticated(true);
  }

  @Override
  public @Nullable Object getCredentials() {
    return null;
  }

  @Override
  public Identity getPrincipal() {
    return identity;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof IdentityAuthentication that && identity.equals(that.identity);
  }

  @Override
  public int hashCode() {
    return identity.hashCode();
  }
}
