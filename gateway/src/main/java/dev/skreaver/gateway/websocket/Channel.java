package dev.skreaver.gateway.websocket;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.gateway.security.Permission;
import dev.skreaver.gateway.websocket.SocketRefusal.Code;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a client can subscribe to: a standard name, or {@code agent:<id>}. An agent's channel needs
 * no agent: it may be subscribed before the agent is created, and tells nothing about whether it
 * exists.
 *
 * @param agent only of an agent's own channel
 */
record Channel(Kind kind, @Nullable AgentId agent) {
  private static final String AGENT_PREFIX = "agent:";

  /**
   * The channels and the permission that each needs. An administrator hears all that a gateway
   * announces.
   */
  enum Kind {
    SYSTEM(Source.GATEWAY, "", Permission.ADMIN_ACCESS),
    AGENTS(Source.EVENT_STORE, "agent.", Permission.AGENT_READ),
    TASKS(Source.EVENT_STORE, "task.", Permission.AGENT_READ),
    NOTIFICATIONS(Source.GATEWAY, "", null),
    METRICS(Source.GATEWAY, "", Permission.METRICS_VIEW),
    DEBUG(Source.GATEWAY, "", Permission.ADMIN_ACCESS),
    AGENT(Source.EVENT_STORE, "", Permission.AGENT_READ);

    private final Source source;
    private final String eventPrefix;
    private final @Nullable Permission needed;

    Kind(Source source, String eventPrefix, @Nullable Permission needed) {
      this.source = source;
      this.eventPrefix = eventPrefix;
      this.needed = needed;
    }

    Source source() {
      return source;
    }

    boolean carries(String eventType) {
      return eventType.startsWith(eventPrefix);
    }

    boolean allowedTo(Set<Permission> permissions) {
      return needed == null
          || permissions.contains(needed)
          || (source == Source.GATEWAY && permissions.contains(Permission.ADMIN_ACCESS));
    }

    private String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Where a channel's events come from. */
  enum Source {
    /** Recorded events of the tenant: they have positions and a history. */
    EVENT_STORE,
    /** What this gateway announces while it runs: no position, no history. */
    GATEWAY
  }

  /** The standard names, as the welcome lists them. */
  static List<String> standardNames() {
    return Arrays.stream(Kind.values())
        .filter(kind -> kind != Kind.AGENT)
        .map(Kind::wireName)
        .toList();
  }

  /**
   * @throws SocketRefusal {@code CHANNEL_NOT_FOUND}
   */
  static Channel named(String name) {
    if (name.startsWith(AGENT_PREFIX)) {
      try {
        return new Channel(Kind.AGENT, new AgentId(name.substring(AGENT_PREFIX.length())));
      } catch (Refusal invalidId) {
        throw notFound(name, invalidId.getMessage());
      }
    }
    for (Kind kind : Kind.values()) {
      if (kind != Kind.AGENT && kind.wireName().equals(name)) {
        return new Channel(kind, null);
      }
    }
    throw notFound(name, "use agent:<id> or one of " + String.join(", ", standardNames()));
  }

  String name() {
    return agent == null ? kind.wireName() : AGENT_PREFIX + agent;
  }

  /**
   * @throws SocketRefusal {@code PERMISSION_DENIED}
   */
  void requireAllowedTo(Set<Permission> permissions) {
    if (!kind.allowedTo(permissions)) {
      throw new SocketRefusal(
          Code.PERMISSION_DENIED,
          "The token does not give the permission for channel '%s'".formatted(name()),
          Map.of("channel", name()));
    }
  }

  private static SocketRefusal notFound(String name, String reason) {
    return new SocketRefusal(
        Code.CHANNEL_NOT_FOUND,
        "No channel '%s': %s".formatted(Refusal.quote(name), reason),
        Map.of("channel", Refusal.quote(name)));
  }
}
