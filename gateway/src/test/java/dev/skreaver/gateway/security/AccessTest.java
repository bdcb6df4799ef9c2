package dev.skreaver.gateway.security;

import static dev.skreaver.gateway.TestToken.good;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.gateway.RunningGateway;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.web.reactive.result.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;

class AccessTest {
  private final RunningGateway gateway = RunningGateway.shared();

  @ParameterizedTest
  @CsvSource({
    "GET, /agents, agent:read",
    "GET, /agents/a, agent:read",
    "GET, /agents/a/status, agent:read",
    "GET, /agents/a/events, agent:read",
    "GET, /agents/a/diff, agent:read",
    "GET, /agents/a/stream, agent:read",
    "GET, /agents/a/replay/stream, agent:read",
    "POST, /agents, agent:manage",
    "PATCH, /agents/a, agent:manage",
    "DELETE, /agents/a, agent:manage",
    "POST, /agents/a/pause, agent:manage",
    "POST, /agents/a/resume, agent:manage",
    "POST, /agents/a/stop, agent:manage",
    "POST, /agents/a/recover, agent:manage",
    "POST, /agents/a/error, agent:execute",
    "GET, /events, event:read",
    "GET, /audit/verify, admin:access",
    "GET, /audit/export, admin:access",
    "GET, /audit/checkpoint, event:read",
    "GET, /events/1/causes, event:read",
    "GET, /events/1/effects, event:read",
    "GET, /commands, event:read",
    "GET, /commands/0197c9a2-7b1d-7f00-9a55-3f0f4f1f2a10, event:read",
    "GET, /admin/projections, admin:access",
    "POST, /admin/projections/agent/replay, admin:access",
    "POST, /admin/projections/agent/replay/pause, admin:access",
    "POST, /admin/projections/agent/replay/resume, admin:access",
    "GET, /admin/dead-letters, admin:access",
    "POST, /admin/dead-letters/1/retry, admin:access",
    "POST, /admin/subjects/erase, admin:access"
  })
  void a_route_asks_for_its_permission(String method, String path, String permission) {
    String[] others =
        List.of("agent:read", "agent:manage", "agent:execute", "event:read", "admin:access")
            .stream()
            .filter(other -> !other.equals(permission))
            .toArray(String[]::new);
    var denied =
        gateway.send(gateway.as(good().may(others), path).method(method, BodyPublishers.noBody()));
    assertThat(denied.status()).isEqualTo(403);
    assertThat(denied.error()).isEqualTo("insufficient_permissions");
    assertThat(denied.json().at("/details/required_permissions/0").asString())
        .isEqualTo(permission);

    var allowed =
        gateway.send(
            gateway.as(good().may(permission), path).method(method, BodyPublishers.noBody()));
    assertThat(allowed.status()).isNotIn(401, 403, 404, 405, 500);
  }

  @Test
  void any_accepted_token_may_ask_who_it_is() {
    var answer = gateway.send(gateway.as(good().may("agent:read", "write"), "/auth/me").GET());
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.json().at("/subject").asString()).isNotEmpty();
    assertThat(answer.json().at("/tenant").asString()).isNotEmpty();
    assertThat(answer.json().at("/permissions").valueStream().map(JsonNode::asString))
        .containsExactly("agent:execute", "agent:manage", "agent:read");
    assertThat(answer.json().at("/expires_at").asString()).isNotEmpty();
  }

  @Test
  void nobody_asks_who_it_is_without_a_token() {
    var answer = gateway.send(gateway.request("/auth/me").GET());
    assertThat(answer.status()).isEqualTo(401);
  }

  @Test
  void every_endpoint_is_in_the_table() {
    gateway
        .bean("requestMappingHandlerMapping", RequestMappingHandlerMapping.class)
        .getHandlerMethods()
        .forEach(
            (mapping, handler) -> {
              if (handler.getBeanType().getPackageName().startsWith("dev.skreaver")) {
                String path =
                    mapping
                        .getPatternsCondition()
                        .getPatterns()
                        .iterator()
                        .next()
                        .getPatternString()
                        .replaceAll("\\{[^}]*}", "1");
                String method =
                    mapping.getMethodsCondition().getMethods().stream()
                        .map(Enum::name)
                        .findFirst()
                        .orElse("GET");
                var answer =
                    gateway.send(gateway.as(good(), path).method(method, BodyPublishers.noBody()));
                assertThat(answer.status()).as("%s %s", method, path).isNotIn(401, 403, 404, 405);
              }
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"/health", "/ready", "/metrics"})
  void health_is_open_whatever_token_is_sent(String path) {
    assertThat(gateway.send(gateway.request(path)).status()).isIn(200, 503);
    assertThat(gateway.get("nonsense", path).status()).isIn(200, 503);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/health", "/ready", "/metrics"})
  void health_answers_head_and_refuses_what_would_change_something(String path) {
    assertThat(gateway.send(gateway.request(path).method("HEAD", BodyPublishers.noBody())).status())
        .isIn(200, 503);
    assertThat(gateway.send(gateway.request(path).method("PUT", BodyPublishers.noBody())).status())
        .isEqualTo(405);
  }

  @Test
  void an_unknown_path_is_not_found_for_whoever_is_known_and_401_for_others() {
    assertThat(gateway.get(good(), "/nothing/here").error()).isEqualTo("not_found");
    assertThat(gateway.send(gateway.request("/nothing/here")).status()).isEqualTo(401);
  }

  @Test
  void internal_routes_do_not_exist_at_the_edge() {
    assertThat(gateway.get(good(), "/internal/agents/get").status()).isEqualTo(404);
  }

  @Test
  void a_method_that_a_path_does_not_have_is_answered_with_those_that_it_has() {
    var answer = gateway.send(gateway.as(good(), "/agents").method("PUT", BodyPublishers.noBody()));
    assertThat(answer.status()).isEqualTo(405);
    assertThat(answer.error()).isEqualTo("method_not_allowed");
    assertThat(answer.header("Allow").split(",")).containsExactlyInAnyOrder("GET", "POST");
  }

  @ParameterizedTest
  @CsvSource({
    "/admin/projections, GET",
    "/admin/dead-letters, GET",
    "/admin/projections/agent/replay, POST",
    "/admin/subjects/erase, POST"
  })
  void a_refused_method_is_not_told_of_others_that_are_refused_too(String path, String only) {
    var answer = gateway.send(gateway.as(good(), path).method("PUT", BodyPublishers.noBody()));
    assertThat(answer.status()).isEqualTo(405);
    assertThat(answer.header("Allow")).isEqualTo(only);
  }

  @ParameterizedTest
  @CsvSource({
    "TRACE, /agents, 'GET, POST'",
    "BREW, /agents, 'GET, POST'",
    "TRACE, /health, GET",
    "TRACE, /docs, GET",
    "TRACE, /ws, GET"
  })
  void a_method_that_nothing_has_is_answered_like_any_other(
      String method, String path, String allowed) {
    String answer =
        gateway.raw(
            "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n"
                .formatted(method, path, good()));
    assertThat(answer).startsWith("HTTP/1.1 405").contains("method_not_allowed");
    assertThat(answer.lines().filter(line -> line.startsWith("Allow: ")).findFirst())
        .hasValueSatisfying(
            allow ->
                assertThat(allow.substring("Allow: ".length()).split(",\\s*"))
                    .contains(allowed.split(", ")));
  }

  @Test
  void actuator_shows_nothing() {
    assertThat(gateway.get(good(), "/actuator/env").status()).isEqualTo(404);
  }

  @ParameterizedTest
  @CsvSource({
    "viewer, GET, /agents, true",
    "viewer, POST, /agents, false",
    "agent, POST, /agents/a/error, true",
    "agent, DELETE, /agents/a, false",
    "admin, GET, /admin/projections, true",
    "stranger, GET, /agents, false"
  })
  void a_role_gives_its_permissions(String role, String method, String path, boolean allowed) {
    var answer =
        gateway.send(
            gateway
                .as(good().with("roles", List.of(role)), path)
                .method(method, BodyPublishers.noBody()));
    assertThat(answer.status() != 403).isEqualTo(allowed);
  }
}
