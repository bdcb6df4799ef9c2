package dev.skreaver.gateway.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.gateway.RunningGateway;
import dev.skreaver.gateway.TestToken;
import io.swagger.v3.oas.annotations.Hidden;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.springframework.web.reactive.result.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;

class ApiDocumentTest {
  /** Routes of no endpoint method; {@code routes.yaml} describes them. */
  private static final Set<String> OTHER_ROUTES =
      Set.of(
          "GET /ws",
          "GET /health",
          "GET /ready",
          "GET /metrics",
          "GET /docs",
          "GET /api-docs/openapi.json");

  private static final RunningGateway GATEWAY = RunningGateway.shared();
  private static final JsonNode DOCUMENT =
      GATEWAY.send(GATEWAY.request("/api-docs/openapi.json")).json();

  @Test
  void it_is_openapi_3_1_of_the_release_that_runs() {
    assertThat(DOCUMENT.path("openapi").asString()).isEqualTo("3.1.0");
    String version = GATEWAY.send(GATEWAY.request("/health")).json().path("version").asString();
    assertThat(DOCUMENT.at("/info/version").asString()).isEqualTo(version).isNotEmpty();
  }

  @Test
  void it_has_every_route_and_no_other() {
    var mapping = GATEWAY.bean("requestMappingHandlerMapping", RequestMappingHandlerMapping.class);
    var routes = new TreeSet<>(OTHER_ROUTES);
    mapping
        .getHandlerMethods()
        .forEach(
            (info, method) -> {
              if (method.getBeanType().getPackageName().startsWith("dev.skreaver")
                  && !method.getBeanType().isAnnotationPresent(Hidden.class)) {
                info.getPatternsCondition()
                    .getPatterns()
                    .forEach(
                        path ->
                            info.getMethodsCondition()
                                .getMethods()
                                .forEach(verb -> routes.add(verb + " " + path)));
              }
            });

    var documented = new TreeSet<String>();
    operations((key, operation) -> documented.add(key));

    assertThat(documented).isEqualTo(routes);
  }

  @Test
  void every_route_that_is_not_code_is_there() {
    for (String route : OTHER_ROUTES) {
      String path = route.substring(route.indexOf(' ') + 1);
      assertThat(GATEWAY.send(GATEWAY.request(path)).status()).as(path).isNotEqualTo(404);
    }
  }

  @Test
  void every_operation_is_described() {
    operations(
        (key, operation) -> {
          for (String member : List.of("summary", "description", "operationId")) {
            assertThat(operation.path(member).asString("")).as(key + " " + member).isNotBlank();
          }
          assertThat(operation.path("tags").size()).as(key + " tags").isEqualTo(1);
          operation
              .path("parameters")
              .forEach(
                  parameter -> {
                    String name = key + " " + parameter.path("name").asString();
                    assertThat(parameter.path("description").asString("")).as(name).isNotBlank();
                    assertThat(parameter.has("example")).as(name + " example").isTrue();
                    assertThat(parameter.has("schema")).as(name + " schema").isTrue();
                  });
          operation
              .path("responses")
              .forEach(
                  response -> {
                    assertThat(response.path("description").asString("")).as(key).isNotBlank();
                    response
                        .path("headers")
                        .properties()
                        .forEach(
                            header ->
                                assertThat(header.getValue().path("description").asString(""))
                                    .as(key + " " + header.getKey())
                                    .isNotBlank());
                  });
        });
  }

  @Test
  void every_setting_that_it_names_is_one() throws IOException {
    String settings = Files.readString(Path.of("..", "docs", "configuration.md"));
    var named =
        Pattern.compile("\\b(SKREAVER|WEBSOCKET)_[A-Z_]+")
            .matcher(DOCUMENT.toString())
            .results()
            .map(MatchResult::group)
            .toList();

    assertThat(named).isNotEmpty().allSatisfy(name -> assertThat(settings).contains("`" + name));
  }

  @Test
  void the_example_of_a_refused_origin_is_what_a_page_of_another_site_is_told() {
    JsonNode example =
        DOCUMENT.at(
            "/paths/~1ws/get/responses/403/content/application~1problem+json/examples/origin_not_allowed/value");

    var answer = GATEWAY.send(GATEWAY.request("/ws").header("Origin", "https://evil.example"));

    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.json().path("message")).isEqualTo(example.path("message"));
    assertThat(answer.json().has("details")).isEqualTo(example.has("details"));
  }

  @Test
  void operation_ids_are_unique() {
    var ids = new ArrayList<String>();
    operations((key, operation) -> ids.add(operation.path("operationId").asString()));
    assertThat(ids).doesNotHaveDuplicates();
  }

  @Test
  void every_operation_has_refusals_as_problems_with_an_example_of_each_code() {
    operations(
        (key, operation) -> {
          var refusals =
              operation.path("responses").properties().stream()
                  .filter(response -> response.getKey().compareTo("400") >= 0)
                  .filter(
                      response ->
                          response.getValue().at("/content").has("application/problem+json"))
                  .toList();
          assertThat(refusals).as(key).isNotEmpty();
          refusals.forEach(
              refusal -> {
                JsonNode content =
                    refusal.getValue().path("content").path("application/problem+json");
                assertThat(content.at("/schema/$ref").asString())
                    .isEqualTo("#/components/schemas/Problem");
                content
                    .path("examples")
                    .properties()
                    .forEach(
                        example -> {
                          JsonNode problem = example.getValue().path("value");
                          assertThat(problem.path("error").asString()).isEqualTo(example.getKey());
                          assertThat(problem.path("status").asString())
                              .as(key + " " + example.getKey())
                              .isEqualTo(refusal.getKey());
                        });
              });
        });
  }

  @Test
  void every_error_code_stands_under_its_status() {
    for (ErrorCode code : ErrorCode.values()) {
      JsonNode example =
          DOCUMENT
              .at("/components/responses/Refused" + code.status())
              .path("content")
              .path("application/problem+json")
              .path("examples")
              .path(code.wireName())
              .path("value");
      assertThat(example.path("message").asString("")).as(code.wireName()).isNotBlank();
      assertThat(Prose.load().errors()).as("openapi/errors.yaml").containsKey(code.wireName());
    }
  }

  @Test
  void every_schema_and_every_member_is_described_and_has_a_type() {
    DOCUMENT
        .at("/components/schemas")
        .properties()
        .forEach(
            schema -> {
              String name = schema.getKey();
              assertThat(schema.getValue().path("description").asString("")).as(name).isNotBlank();
              assertThat(schema.getValue().has("example")).as(name + " example").isTrue();
              schema
                  .getValue()
                  .path("properties")
                  .properties()
                  .forEach(
                      member -> {
                        String path = name + "." + member.getKey();
                        assertThat(member.getValue().path("description").asString(""))
                            .as(path)
                            .isNotBlank();
                        assertThat(
                                List.of("type", "$ref", "oneOf").stream()
                                    .anyMatch(member.getValue()::has))
                            .as(path + " is of a type, and so in the code")
                            .isTrue();
                      });
            });
  }

  @Test
  void every_reference_leads_somewhere() {
    for (JsonNode reference : DOCUMENT.findValues("$ref")) {
      assertThat(DOCUMENT.at(reference.asString().substring(1)).isMissingNode())
          .as(reference.asString())
          .isFalse();
    }
  }

  @Test
  void every_schema_is_used() {
    var used =
        DOCUMENT.findValues("$ref").stream()
            .map(reference -> reference.asString().replace("#/components/schemas/", ""))
            .collect(Collectors.toSet());
    assertThat(names(DOCUMENT.at("/components/schemas"))).isEqualTo(used);
  }

  @Test
  void nothing_is_written_about_what_is_not_there() {
    Prose prose = Prose.load();
    var documented = new TreeSet<String>();
    operations((key, operation) -> documented.add(key));
    assertThat(documented).containsAll(prose.operations().keySet());
    assertThat(Arrays.stream(ErrorCode.values()).map(ErrorCode::wireName))
        .containsAll(prose.errors().keySet());
  }

  @Test
  void every_example_of_a_body_is_accepted() {
    operations(
        (key, operation) ->
            operation
                .path("requestBody")
                .path("content")
                .properties()
                .forEach(
                    content -> {
                      var answer = send(key, content.getKey(), content.getValue().path("example"));
                      // The body was bound: only the service behind, which is not there, is missed.
                      assertThat(answer.status())
                          .as(key + " " + answer.http().body())
                          .isEqualTo(503);
                    }));
  }

  @Test
  void every_example_of_a_query_parameter_is_accepted() {
    operations(
        (key, operation) ->
            operation
                .path("parameters")
                .forEach(
                    parameter -> {
                      if (parameter.path("in").asString().equals("query")
                          && !key.equals("GET /ws")) {
                        JsonNode example = parameter.path("example");
                        String value =
                            example.isArray()
                                ? String.join(
                                    ",", example.valueStream().map(JsonNode::asString).toList())
                                : example.asString();
                        var answer =
                            send(
                                key + "?" + parameter.path("name").asString() + "=" + value,
                                "application/json",
                                operation.at("/requestBody/content/application~1json/example"));
                        assertThat(answer.status())
                            .as(key + " " + parameter.path("name") + answer.http().body())
                            .isEqualTo(503);
                      }
                    }));
  }

  @Test
  void what_the_document_calls_open_is_open_and_nothing_else_is() {
    operations(
        (key, operation) -> {
          boolean open = operation.has("security") && operation.path("security").isEmpty();
          String verb = key.substring(0, key.indexOf(' '));
          String path = key.substring(key.indexOf(' ') + 1).replaceAll("\\{\\w+}", "1");
          int status =
              GATEWAY
                  .send(GATEWAY.request(path).method(verb, HttpRequest.BodyPublishers.noBody()))
                  .status();
          if (!path.equals("/ws")) {
            assertThat(status == 401).as(key + " " + status).isEqualTo(!open);
          }
        });
    assertThat(DOCUMENT.at("/components/securitySchemes/bearer/bearerFormat").asString())
        .isEqualTo("JWT");
  }

  @Test
  void the_example_of_the_figures_is_a_line_of_them() {
    String example =
        DOCUMENT.at("/paths/~1metrics/get/responses/200/content/text~1plain/example").asString();

    assertThat(GATEWAY.send(GATEWAY.request("/metrics")).http().body().lines()).contains(example);
  }

  @Test
  void the_page_loads_nothing_but_from_here() {
    var page = GATEWAY.send(GATEWAY.request("/docs"));
    assertThat(page.header("Content-Type")).startsWith("text/html");

    var loaded =
        Pattern.compile("(?:src|href)=\"([^\"]+)\"")
            .matcher(page.http().body())
            .results()
            .map(match -> match.group(1))
            .toList();

    assertThat(loaded).isNotEmpty().allSatisfy(path -> assertThat(path).startsWith("/docs/"));
    assertThat(loaded)
        .allSatisfy(
            path -> assertThat(GATEWAY.send(GATEWAY.request(path)).status()).isEqualTo(200));
  }

  @Test
  void the_page_may_run_under_the_content_security_policy() {
    var page = GATEWAY.send(GATEWAY.request("/docs"));
    Map<String, String> policy =
        Arrays.stream(page.header("Content-Security-Policy").split(";"))
            .map(String::strip)
            .collect(
                Collectors.toMap(
                    directive -> directive.split(" ", 2)[0],
                    directive -> directive.contains(" ") ? directive.split(" ", 2)[1] : ""));
    assertThat(policy.getOrDefault("script-src", policy.getOrDefault("default-src", "'self'")))
        .contains("'self'");
    assertThat(
            policy.getOrDefault(
                "style-src", policy.getOrDefault("default-src", "'self' 'unsafe-inline'")))
        .contains("'self'")
        .contains("'unsafe-inline'");
    assertThat(page.http().body()).doesNotContain("<script>").doesNotContain(" on");
  }

  private static RunningGateway.Answer send(String key, String contentType, JsonNode body) {
    String verb = key.substring(0, key.indexOf(' '));
    String path = path(key);
    return GATEWAY.send(
        GATEWAY
            .as(TestToken.good(), path)
            .header("Content-Type", contentType)
            .method(
                verb,
                body.isMissingNode()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body.toString())));
  }

  /** With an id that is one of what the route is about. */
  private static String path(String key) {
    String path = key.substring(key.indexOf(' ') + 1);
    return path.replace("{name}", "agent")
        .replace(
            "{id}",
            path.startsWith("/events/") || path.startsWith("/commands/")
                ? "0197c9a2-7b1e-7c3d-8a55-3f0f4f1f2a10"
                : path.startsWith("/admin/") ? "17" : "echo-1");
  }

  private static void operations(BiConsumer<String, JsonNode> each) {
    DOCUMENT
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        operation ->
                            each.accept(
                                operation.getKey().toUpperCase(java.util.Locale.ROOT)
                                    + " "
                                    + path.getKey(),
                                operation.getValue())));
  }

  private static Set<String> names(JsonNode object) {
    return object.properties().stream().map(Map.Entry::getKey).collect(Collectors.toSet());
  }
}
