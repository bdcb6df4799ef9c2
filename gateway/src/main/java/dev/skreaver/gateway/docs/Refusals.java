package dev.skreaver.gateway.docs;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.platform.web.Problem;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.examples.Example;
import io.swagger.v3.oas.models.headers.Header;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.http.HttpHeaders;

/** How refusals appear in the document: by status, each code with an example. */
record Refusals(Map<String, Prose.ErrorProse> prose) {
  /** Holds an operation's codes until its responses are written. */
  private static final String CODES = "x-refuses";

  private static final Instant EXAMPLE_TIME = Instant.parse("2026-01-31T08:05:00Z");
  private static final String EXAMPLE_REQUEST = "6f1f2f0c-9d5e-4f0e-8a64-0b6b0f7c2f10";

  /** Anyone may meet these anywhere. */
  private static final Set<ErrorCode> ALWAYS =
      EnumSet.of(
          ErrorCode.RATE_LIMIT_EXCEEDED, ErrorCode.INTERNAL_ERROR, ErrorCode.SERVICE_UNAVAILABLE);

  private static final Set<ErrorCode> SECURED =
      EnumSet.of(
          ErrorCode.UNKNOWN_FIELD,
          ErrorCode.AUTHENTICATION_REQUIRED,
          ErrorCode.INVALID_TOKEN,
          ErrorCode.INSUFFICIENT_PERMISSIONS);

  static void add(Operation operation, ErrorCode... codes) {
    Set<ErrorCode> known = codes(operation);
    known.addAll(List.of(codes));
    operation.addExtension(CODES, known.stream().map(ErrorCode::wireName).toList());
  }

  /** Writes the responses of all that this operation refuses. */
  void describe(Operation operation, String path, Collection<String> own, boolean secured) {
    Set<ErrorCode> codes = codes(operation);
    own.forEach(code -> codes.add(ErrorCode.fromWire(code)));
    codes.addAll(ALWAYS);
    if (secured) {
      codes.addAll(SECURED);
    }
    byStatus(codes)
        .forEach(
            (status, ofStatus) ->
                operation.getResponses().addApiResponse(status, response(ofStatus, path)));
    if (operation.getExtensions() != null) {
      operation.getExtensions().remove(CODES);
    }
  }

  /** One response for each status, with every code that there is. */
  Map<String, ApiResponse> all() {
    var responses = new TreeMap<String, ApiResponse>();
    byStatus(EnumSet.allOf(ErrorCode.class))
        .forEach((status, codes) -> responses.put("Refused" + status, response(codes, "/agents")));
    return responses;
  }

  Map<String, Object> example(ErrorCode code, String path) {
    Prose.ErrorProse words = prose.get(code.wireName());
    String message = words == null ? code.wireName().replace('_', ' ') : words.message();
    Map<String, Object> details =
        words == null || words.details() == null ? Map.of() : words.details();
    Problem problem =
        Problem.of(new Refusal(code, message, details), path, EXAMPLE_REQUEST, EXAMPLE_TIME);
    return JsonTrees.map(WireJson.mapper().writeValueAsString(problem));
  }

  private ApiResponse response(List<ErrorCode> codes, String path) {
    var json = new MediaType().schema(new Schema<>().$ref("#/components/schemas/Problem"));
    for (ErrorCode code : codes) {
      Map<String, Object> example = example(code, path);
      json.addExamples(
          code.wireName(),
          new Example().summary(String.valueOf(example.get("title"))).value(example));
    }
    var response =
        new ApiResponse()
            .description(
                codes.stream()
                    .map(code -> "`" + code.wireName() + "`")
                    .collect(Collectors.joining(", ")))
            .content(new Content().addMediaType("application/problem+json", json))
            .addHeaderObject("X-Request-ID", new Header());
    switch (codes.getFirst().status()) {
      case 401 -> response.addHeaderObject(HttpHeaders.WWW_AUTHENTICATE, new Header());
      case 429, 503 -> response.addHeaderObject(HttpHeaders.RETRY_AFTER, new Header());
      default -> {}
    }
    return response;
  }

  private static Set<ErrorCode> codes(Operation operation) {
    Set<ErrorCode> codes = EnumSet.noneOf(ErrorCode.class);
    if (operation.getExtensions() != null
        && operation.getExtensions().get(CODES) instanceof Collection<?> names) {
      names.forEach(name -> codes.add(ErrorCode.fromWire(String.valueOf(name))));
    }
    return codes;
  }

  private static Map<String, List<ErrorCode>> byStatus(Set<ErrorCode> codes) {
    return Arrays.stream(ErrorCode.values())
        .filter(codes::contains)
        .collect(
            Collectors.groupingBy(
                code -> String.valueOf(code.status()), TreeMap::new, Collectors.toList()));
  }
}
