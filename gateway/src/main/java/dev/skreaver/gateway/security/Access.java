package dev.skreaver.gateway.security;

import static dev.skreaver.gateway.security.Permission.ADMIN_ACCESS;
import static dev.skreaver.gateway.security.Permission.AGENT_EXECUTE;
import static dev.skreaver.gateway.security.Permission.AGENT_MANAGE;
import static dev.skreaver.gateway.security.Permission.AGENT_READ;
import static dev.skreaver.gateway.security.Permission.EVENT_READ;
import static org.springframework.http.HttpMethod.DELETE;
import static org.springframework.http.HttpMethod.GET;
import static org.springframework.http.HttpMethod.HEAD;
import static org.springframework.http.HttpMethod.PATCH;
import static org.springframework.http.HttpMethod.POST;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.PathContainer;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.MethodNotAllowedException;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

/**
 * The one table of who may reach which route. What is not in it does not exist: a route that
 * someone forgets to enter here is a 404, never open.
 */
final class Access {
  private static final List<Rule> RULES =
      List.of(
          open("/health"),
          open("/ready"),
          open("/metrics"),
          open("/docs"),
          open("/docs/**"),
          open("/api-docs/**"),
          // The handshake proves the token itself: a browser cannot send it in a header.
          open("/ws"),
          known(GET, "/auth/me"),
          rule(GET, "/agents", AGENT_READ),
          rule(POST, "/agents", AGENT_MANAGE),
          rule(GET, "/agents/{id}", AGENT_READ),
          rule(PATCH, "/agents/{id}", AGENT_MANAGE),
          rule(DELETE, "/agents/{id}", AGENT_MANAGE),
          rule(GET, "/agents/{id}/status", AGENT_READ),
          rule(GET, "/agents/{id}/diff", AGENT_READ),
          rule(GET, "/agents/{id}/events", AGENT_READ),
          rule(GET, "/agents/{id}/replay/stream", AGENT_READ),
          rule(GET, "/agents/{id}/stream", AGENT_READ),
          rule(POST, "/agents/{id}/pause", AGENT_MANAGE),
          rule(POST, "/agents/{id}/resume", AGENT_MANAGE),
          rule(POST, "/agents/{id}/stop", AGENT_MANAGE),
          rule(POST, "/agents/{id}/recover", AGENT_MANAGE),
          rule(POST, "/agents/{id}/error", AGENT_EXECUTE),
          rule(GET, "/events", EVENT_READ),
          rule(GET, "/events/stream", EVENT_READ),
          // These are about the events of all tenants; a checkpoint says nothing about them.
          rule(GET, "/audit/verify", ADMIN_ACCESS),
          rule(GET, "/audit/export", ADMIN_ACCESS),
          rule(GET, "/audit/checkpoint", EVENT_READ),
          rule(GET, "/events/{id}/causes", EVENT_READ),
          rule(GET, "/events/{id}/effects", EVENT_READ),
          rule(GET, "/commands", EVENT_READ),
          rule(GET, "/commands/{id}", EVENT_READ),
          rule(GET, "/admin/projections", ADMIN_ACCESS),
          rule(POST, "/admin/projections/{name}/replay", ADMIN_ACCESS),
          rule(POST, "/admin/projections/{name}/replay/pause", ADMIN_ACCESS),
          rule(POST, "/admin/projections/{name}/replay/resume", ADMIN_ACCESS),
          rule(GET, "/admin/dead-letters", ADMIN_ACCESS),
          rule(POST, "/admin/dead-letters/{id}/retry", ADMIN_ACCESS),
          rule(POST, "/admin/subjects/erase", ADMIN_ACCESS));

  private Access() {}

  /**
   * @param permission null if none is needed
   */
  private record Rule(
      HttpMethod method, PathPattern path, boolean open, @Nullable Permission permission) {}

  private static Rule open(String path) {
    return new Rule(GET, PathPatternParser.defaultInstance.parse(path), true, null);
  }

  /** For whoever has a token that is accepted. */
  private static Rule known(HttpMethod method, String path) {
    return new Rule(method, PathPatternParser.defaultInstance.parse(path), false, null);
  }

  private static Rule rule(HttpMethod method, String path, Permission permission) {
    return new Rule(method, PathPatternParser.defaultInstance.parse(path), false, permission);
  }

  /** Whether anyone may make this request. */
  static boolean open(ServerHttpRequest request) {
    List<Rule> rules = rulesOf(request);
    return !rules.isEmpty() && rules.stream().allMatch(Rule::open);
  }

  /**
   * The permission that a request needs that is not open; null if any accepted token is enough.
   *
   * @throws Refusal {@code not_found} for a path that is in no rule
   * @throws MethodNotAllowedException for a method that is in no rule of the path
   */
  static @Nullable Permission neededFor(ServerHttpRequest request) {
    List<Rule> rules = rulesOf(request);
    if (rules.isEmpty()) {
      throw new Refusal(ErrorCode.NOT_FOUND, "Nothing is found at this path");
    }
    HttpMethod method = request.getMethod().equals(HEAD) ? GET : request.getMethod();
    for (Rule rule : rules) {
      if (rule.method.equals(method) && !rule.open) {
        return rule.permission;
      }
    }
    Set<HttpMethod> allowed = rules.stream().map(Rule::method).collect(Collectors.toSet());
    throw new MethodNotAllowedException(request.getMethod(), allowed);
  }

  private static List<Rule> rulesOf(ServerHttpRequest request) {
    PathContainer path = request.getPath().pathWithinApplication();
    return RULES.stream().filter(rule -> rule.path.matches(path)).toList();
  }
}
