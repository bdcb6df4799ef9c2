package dev.skreaver.gateway.security;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What a caller may do in its tenant; {@code Access} says which route needs which. */
public enum Permission {
  /** See agents, their history and their streams. */
  AGENT_READ,
  /** Create, change, pause, resume, stop, recover and delete agents. */
  AGENT_MANAGE,
  /** Work as an agent: report its errors. */
  AGENT_EXECUTE,
  /** Search and stream the events of the whole tenant, and search its commands. */
  EVENT_READ,
  METRICS_VIEW,
  /** Operate the system: projections, dead letters, the system's channel. */
  ADMIN_ACCESS;

  /**
   * The one table of names that stand for permissions beside their own: the roles of wire contract
   * §4.4, the two legacy permissions of its tokens, and the former name of {@link #AGENT_EXECUTE}.
   */
  private static final Map<String, Set<Permission>> ROLES =
      Map.of(
          "admin", EnumSet.allOf(Permission.class),
          "agent", EnumSet.of(AGENT_READ, AGENT_EXECUTE, METRICS_VIEW),
          "viewer", EnumSet.of(AGENT_READ, EVENT_READ, METRICS_VIEW));

  private static final Map<String, Set<Permission>> ALIASES =
      Map.of(
          "read", EnumSet.of(AGENT_READ, EVENT_READ, METRICS_VIEW),
          "write", EnumSet.of(AGENT_MANAGE, AGENT_EXECUTE),
          "tool:execute", EnumSet.of(AGENT_EXECUTE));

  /** The name in tokens and messages, for example {@code agent:read}. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT).replace('_', ':');
  }

  /** What a name in {@code permissions} or {@code scope} gives; nothing if it is not known here. */
  static Set<Permission> named(String name) {
    return Arrays.stream(values())
        .filter(permission -> permission.wireName().equals(name))
        .findFirst()
        .<Set<Permission>>map(EnumSet::of)
        .orElseGet(() -> ALIASES.getOrDefault(name, Set.of()));
  }

  /** What a role gives; nothing if it is not known here. */
  static Set<Permission> ofRole(String role) {
    return Collections.unmodifiableSet(ROLES.getOrDefault(role, Set.of()));
  }
}
