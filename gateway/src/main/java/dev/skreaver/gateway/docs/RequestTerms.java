package dev.skreaver.gateway.docs;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.gateway.audit.EventReference;
import dev.skreaver.gateway.command.CommandId;
import dev.skreaver.gateway.request.FromQuery;
import dev.skreaver.gateway.request.Headers;
import dev.skreaver.gateway.request.QueryBinder;
import dev.skreaver.gateway.request.Read;
import dev.skreaver.gateway.request.Write;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.headers.Header;
import io.swagger.v3.oas.models.parameters.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.springdoc.core.customizers.OperationCustomizer;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.method.HandlerMethod;

/** Says of an operation what its endpoint's arguments mean: parameters, headers, refusals. */
final class RequestTerms implements OperationCustomizer {
  private static final Map<String, Object> STRING = Map.of("type", "string");
  private static final Map<String, Object> UUID_STRING = Map.of("type", "string", "format", "uuid");
  private static final Map<String, Object> POSITION =
      Map.of("type", "integer", "format", "int64", "minimum", 0);

  @Override
  public Operation customize(Operation operation, HandlerMethod method) {
    for (MethodParameter parameter : method.getMethodParameters()) {
      Class<?> type = parameter.getParameterType();
      if (FromQuery.class.isAssignableFrom(type)) {
        QueryBinder.parametersOf(type)
            .forEach(
                (name, component) -> parameter(operation, "query", parameterOf(name, component)));
        Refusals.add(operation, ErrorCode.INVALID_INPUT, ErrorCode.DUPLICATE_PARAMETER);
      } else if (type == Read.class) {
        read(operation);
      } else if (type == Write.class) {
        write(operation, !creates(method));
      } else if (type == AgentId.class) {
        Refusals.add(operation, ErrorCode.INVALID_AGENT_ID);
      } else if (type == CommandId.class || type == EventReference.class) {
        Refusals.add(operation, ErrorCode.INVALID_INPUT);
      }
      if (parameter.hasParameterAnnotation(RequestBody.class)) {
        body(operation, type);
      }
    }
    return operation;
  }

  private static void read(Operation operation) {
    header(operation, Headers.POSITION, POSITION);
    answer(operation, Headers.POSITION, POSITION);
    Refusals.add(
        operation,
        ErrorCode.INVALID_HEADER,
        ErrorCode.NOT_ACCEPTABLE,
        ErrorCode.READ_MODEL_UNAVAILABLE,
        ErrorCode.POSITION_NOT_REACHED);
  }

  /** What is yet to be created has no version to match. */
  private static boolean creates(HandlerMethod method) {
    ResponseStatus status = method.getMethodAnnotation(ResponseStatus.class);
    return status != null && status.code() == HttpStatus.CREATED;
  }

  private static void write(Operation operation, boolean versioned) {
    if (versioned) {
      header(operation, HttpHeaders.IF_MATCH, STRING);
      Refusals.add(operation, ErrorCode.VERSION_MISMATCH);
    }
    header(
        operation,
        Headers.IDEMPOTENCY_KEY,
        Map.of("type", "string", "minLength", 1, "maxLength", 255));
    QueryBinder.parametersOf(Write.Options.class)
        .forEach((name, component) -> parameter(operation, "query", parameterOf(name, component)));
    answersWithTheAgent(operation);
    answer(operation, Headers.POSITION, POSITION);
    answer(operation, HttpHeaders.ETAG, STRING);
    answer(operation, Headers.IDEMPOTENCY_REPLAYED, STRING);
    answer(operation, Headers.COMMAND_ID, UUID_STRING);
    Refusals.add(
        operation,
        ErrorCode.INVALID_INPUT,
        ErrorCode.DUPLICATE_PARAMETER,
        ErrorCode.INVALID_HEADER,
        ErrorCode.NOT_ACCEPTABLE,
        ErrorCode.CONCURRENT_MODIFICATION,
        ErrorCode.IDEMPOTENCY_KEY_IN_PROGRESS,
        ErrorCode.IDEMPOTENCY_KEY_REUSED,
        ErrorCode.EVENT_STORE_UNAVAILABLE,
        ErrorCode.TIMEOUT);
  }

  /** The method's type is that of any answer. */
  private static void answersWithTheAgent(Operation operation) {
    operation
        .getResponses()
        .forEach(
            (status, response) -> {
              if (status.equals(String.valueOf(HttpStatus.NO_CONTENT.value()))) {
                response.setContent(null);
              } else {
                response
                    .getContent()
                    .values()
                    .forEach(content -> content.schema(JsonTrees.reference(AgentView.class)));
              }
            });
  }

  private static void body(Operation operation, Class<?> type) {
    // A body that is not bound member by member has a schema of its own all the same.
    operation
        .getRequestBody()
        .getContent()
        .values()
        .forEach(content -> content.schema(JsonTrees.reference(type)));
    Refusals.add(
        operation,
        ErrorCode.INVALID_INPUT,
        ErrorCode.MISSING_REQUIRED_FIELD,
        ErrorCode.INVALID_JSON,
        ErrorCode.DUPLICATE_KEY,
        ErrorCode.REQUEST_TOO_LARGE,
        ErrorCode.UNSUPPORTED_MEDIA_TYPE);
  }

  private static void header(Operation operation, String name, Map<String, Object> schema) {
    parameter(operation, "header", new Parameter().name(name).schema(JsonTrees.schema(schema)));
  }

  /** An operation that answers in two media types has two methods, so this may come twice. */
  private static void parameter(Operation operation, String in, Parameter parameter) {
    List<Parameter> known = operation.getParameters();
    if (known == null || known.stream().noneMatch(p -> p.getName().equals(parameter.getName()))) {
      operation.addParametersItem(parameter.in(in).required(false));
    }
  }

  private static void answer(Operation operation, String name, Map<String, Object> schema) {
    operation
        .getResponses()
        .forEach(
            (status, response) ->
                response.addHeaderObject(name, new Header().schema(JsonTrees.schema(schema))));
  }

  private static Parameter parameterOf(String name, RecordComponent component) {
    return new Parameter().name(name).schema(JsonTrees.schema(schemaOf(component)));
  }

  private static Map<String, Object> schemaOf(RecordComponent component) {
    if (component.getGenericType() instanceof ParameterizedType list) {
      return Map.of(
          "type", "array", "items", schemaOf((Class<?>) list.getActualTypeArguments()[0]));
    }
    var schema = new LinkedHashMap<>(schemaOf(component.getType()));
    if ("integer".equals(schema.get("type"))) {
      QueryBinder.Bounds bounds = QueryBinder.Bounds.of(component);
      schema.put("minimum", bounds.min());
      if (bounds.max() < Long.MAX_VALUE) {
        schema.put("maximum", bounds.max());
      }
    }
    return schema;
  }

  private static Map<String, Object> schemaOf(Class<?> type) {
    if (type == Integer.class) {
      return Map.of("type", "integer", "format", "int32");
    }
    if (type == Long.class) {
      return POSITION;
    }
    if (type == Boolean.class) {
      return Map.of("type", "boolean");
    }
    if (type == Instant.class) {
      return Map.of("type", "string", "format", "date-time");
    }
    if (type.isEnum()) {
      return Map.of(
          "type",
          "string",
          "enum",
          Arrays.stream(type.getEnumConstants())
              .map(constant -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT))
              .toList());
    }
    return STRING;
  }
}
