package dev.skreaver.gateway.docs;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.gateway.agent.DryRun;
import dev.skreaver.gateway.request.Headers;
import dev.skreaver.platform.web.Problem;
import io.swagger.v3.core.converter.ModelConverters;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.PathItem;
import io.swagger.v3.oas.models.Paths;
import io.swagger.v3.oas.models.headers.Header;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.parameters.Parameter;
import io.swagger.v3.oas.models.responses.ApiResponse;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.http.HttpHeaders;

/** Lays the {@link Prose} over what springdoc has read from the code. */
final class Completion implements OpenApiCustomizer {
  private static final String NDJSON = "application/x-ndjson";
  private static final String SSE = "text/event-stream";
  private static final String SSE_EXAMPLE =
      "id: 4711\nevent: agent.paused\ndata: {\"position\":4711,\"type\":\"agent.paused\"}\n\n";
  private static final String DRY_RUN = "dry_run";
  private static final List<String> IDS =
      List.of("X-Request-ID", "X-Correlation-ID", "X-Causation-ID");

  private final Prose prose;
  private final Refusals refusals;

  Completion(Prose prose) {
    this.prose = prose;
    this.refusals = new Refusals(prose.errors());
  }

  @Override
  public void customise(OpenAPI document) {
    ModelConverters.getInstance(true)
        .readAll(DryRun.class)
        .forEach(document.getComponents()::addSchemas);
    problemSchema(document.getComponents());
    prose
        .schemas()
        .keySet()
        .forEach(name -> document.getComponents().getSchemas().putIfAbsent(name, new Schema<>()));
    document.getComponents().getSchemas().replaceAll(this::schema);
    document.getComponents().setResponses(refusals.all());
    prose
        .routes()
        .forEach(
            (path, route) ->
                document.getPaths().addPathItem(path, JsonTrees.read(route, PathItem.class)));
    document.setPaths(ordered(document.getPaths()));
    document
        .getPaths()
        .forEach(
            (path, item) ->
                item.readOperationsMap()
                    .forEach(
                        (method, operation) -> complete(method + " " + path, path, operation)));
    document.getComponents().getResponses().values().forEach(this::describeHeaders);
  }

  private void complete(String key, String path, Operation operation) {
    Prose.OperationProse words = prose.operations().get(key);
    if (words != null) {
      operation
          .tags(List.of(words.tag()))
          .summary(words.summary())
          .description(words.description().strip());
      operation.getResponses().values().forEach(answer -> answer.description(words.success()));
      headers(operation, words);
    }
    examples(operation, words == null ? null : words.example());
    if (isCommand(operation)) {
      dryRun(operation);
    }
    boolean secured = operation.getTags() == null || !operation.getTags().contains("system");
    if (!secured) {
      operation.security(List.of());
    }
    refusals.describe(operation, path, words == null ? List.of() : words.ownRefusals(), secured);
    ids(operation);
    if (operation.getParameters() != null) {
      operation.getParameters().forEach(parameter -> describe(key, parameter));
    }
    operation.getResponses().values().forEach(this::describeHeaders);
  }

  private static void headers(Operation operation, Prose.OperationProse words) {
    for (String name : words.answerHeaders()) {
      operation
          .getResponses()
          .values()
          .forEach(answer -> answer.addHeaderObject(name, new Header()));
      if (name.equals(HttpHeaders.ETAG)) {
        operation.addParametersItem(
            new Parameter()
                .in("header")
                .name(HttpHeaders.IF_NONE_MATCH)
                .schema(JsonTrees.schema(Map.of("type", "string"))));
        operation
            .getResponses()
            .addApiResponse(
                "304",
                new ApiResponse()
                    .description("It still has the version that `If-None-Match` names.")
                    .addHeaderObject(HttpHeaders.ETAG, new Header())
                    .addHeaderObject(Headers.POSITION, new Header()));
      }
    }
  }

  private static boolean isCommand(Operation operation) {
    return operation.getParameters() != null
        && operation.getParameters().stream()
            .anyMatch(parameter -> DRY_RUN.equals(parameter.getName()));
  }

  /** A dry run is answered with 200, whatever the status of the command itself. */
  private void dryRun(Operation operation) {
    Schema<?> dryRun = JsonTrees.reference(DryRun.class);
    ApiResponse carriedOut = operation.getResponses().get("200");
    if (carriedOut != null) {
      carriedOut.description(carriedOut.getDescription() + " Of a dry run: what it would do.");
      carriedOut
          .getContent()
          .values()
          .forEach(
              content ->
                  content.schema(new Schema<>().oneOf(List.of(content.getSchema(), dryRun))));
      return;
    }
    var json = new MediaType().schema(dryRun);
    example(json, null);
    var answer =
        new ApiResponse()
            .description("Of a dry run: what it would do.")
            .content(new Content().addMediaType("application/json", json));
    if (!operation.getResponses().containsKey("201")) {
      answer
          .addHeaderObject(HttpHeaders.ETAG, new Header())
          .addHeaderObject(Headers.POSITION, new Header());
    }
    operation.getResponses().addApiResponse("200", answer);
  }

  private static void ids(Operation operation) {
    for (String name : IDS) {
      operation.addParametersItem(
          new Parameter()
              .in("header")
              .name(name)
              .schema(
                  JsonTrees.schema(Map.of("type", "string", "pattern", "^[A-Za-z0-9_-]{1,128}$"))));
    }
    operation
        .getResponses()
        .values()
        .forEach(answer -> answer.addHeaderObject("X-Request-ID", new Header()));
  }

  private void describe(String operation, Parameter parameter) {
    Prose.ParameterProse words = prose.parameters().get(operation + " " + parameter.getName());
    if (words == null) {
      words = prose.parameters().get(parameter.getName());
    }
    if (words != null) {
      parameter.description(words.description()).example(words.example());
      if (words.schema() != null) {
        parameter.schema(JsonTrees.overlaid(parameter.getSchema(), words.schema()));
      }
    }
  }

  private void describeHeaders(ApiResponse response) {
    if (response.getHeaders() == null) {
      return;
    }
    response
        .getHeaders()
        .forEach(
            (name, header) -> {
              Prose.ParameterProse words = prose.headers().get(name);
              if (header.getSchema() == null) {
                header.schema(JsonTrees.schema(Map.of("type", "string")));
              }
              if (words != null) {
                header.description(words.description()).example(words.example());
              }
            });
  }

  /** Gives every body the example of its schema, so that it can be tried out as it stands. */
  private void examples(Operation operation, @Nullable Map<String, @Nullable Object> difference) {
    if (operation.getRequestBody() != null) {
      operation.getRequestBody().getContent().values().forEach(content -> example(content, null));
    }
    operation.getResponses().values().stream()
        .filter(answer -> answer.getContent() != null)
        .forEach(
            answer ->
                answer
                    .getContent()
                    .forEach(
                        (type, content) -> {
                          if (type.equals(SSE)) {
                            content.example(SSE_EXAMPLE);
                          }
                          if (type.equals(NDJSON) && content.getSchema().getItems() != null) {
                            content.schema(content.getSchema().getItems());
                          }
                          example(content, difference);
                        }));
  }

  private void example(MediaType content, @Nullable Map<String, @Nullable Object> difference) {
    Schema<?> schema = content.getSchema();
    if (content.getExample() == null && schema != null && schema.get$ref() != null) {
      String name = schema.get$ref().substring(Components.COMPONENTS_SCHEMAS_REF.length());
      Map<String, Object> words = prose.schemas().get(name);
      if (words != null) {
        Object example = words.get("example");
        content.example(
            difference != null && example instanceof Map<?, ?> whole
                ? JsonTrees.overlaid(whole, difference)
                : example);
      }
    }
  }

  private Schema<?> schema(String name, Schema<?> schema) {
    Map<String, Object> words = prose.schemas().get(name);
    return words == null ? schema : JsonTrees.overlaid(schema, withExamples(words));
  }

  /** Each member's example is its part of the whole example. */
  private static Map<String, Object> withExamples(Map<String, Object> words) {
    if (!(words.get("properties") instanceof Map<?, ?> properties)
        || !(words.get("example") instanceof Map<?, ?> whole)) {
      return words;
    }
    var members = new LinkedHashMap<String, Object>();
    properties.forEach(
        (name, member) -> {
          var described = new LinkedHashMap<Object, Object>((Map<?, ?>) member);
          if (whole.containsKey(name)) {
            described.putIfAbsent("example", whole.get(name));
          }
          members.put(String.valueOf(name), described);
        });
    var completed = new LinkedHashMap<>(words);
    completed.put("properties", members);
    return completed;
  }

  private void problemSchema(Components components) {
    ModelConverters.getInstance(true).read(Problem.class).forEach(components::addSchemas);
    components
        .getSchemas()
        .computeIfPresent(
            "Problem",
            (name, schema) ->
                JsonTrees.overlaid(
                    schema,
                    Map.of(
                        "example",
                        refusals.example(ErrorCode.AGENT_NOT_FOUND, "/agents/echo-1a2b3c4d"),
                        "properties",
                        Map.of(
                            "error",
                            Map.of(
                                "enum",
                                Arrays.stream(ErrorCode.values())
                                    .map(ErrorCode::wireName)
                                    .toList())))));
  }

  /** In the order in which they are written about. */
  private Paths ordered(Paths paths) {
    var ordered = new Paths();
    prose.operations().keySet().stream()
        .map(operation -> operation.substring(operation.indexOf(' ') + 1))
        .distinct()
        .filter(paths::containsKey)
        .forEach(path -> ordered.addPathItem(path, paths.get(path)));
    paths.forEach(ordered::putIfAbsent);
    return ordered;
  }
}
