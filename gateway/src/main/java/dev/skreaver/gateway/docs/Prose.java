package dev.skreaver.gateway.docs;

import dev.skreaver.api.json.WireJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.ClassPathResource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * What people wrote about the API, in {@code openapi/*.yaml}: the words and examples that cannot be
 * read from code.
 *
 * @param operations by method and path, for example {@code GET /agents/{id}}
 * @param parameters by name; an operation's own by {@code <operation> <name>}
 * @param headers of answers, by name
 * @param routes whole path items, for what no endpoint method stands behind
 * @param schemas by name, as JSON Schema that is laid over the one that comes from the code
 * @param errors by code
 */
record Prose(
    String title,
    String description,
    List<Topic> tags,
    Map<String, OperationProse> operations,
    Map<String, ParameterProse> parameters,
    Map<String, ParameterProse> headers,
    Map<String, Map<String, Object>> routes,
    Map<String, Map<String, Object>> schemas,
    Map<String, ErrorProse> errors) {

  record Topic(String name, String description) {}

  /**
   * @param success what an answer without error means
   * @param example what is different in this answer from its schema's example
   * @param headers of the answer, beside those that every read or write has
   * @param refuses the codes that are this operation's own
   */
  record OperationProse(
      String tag,
      String summary,
      String description,
      String success,
      @Nullable Map<String, @Nullable Object> example,
      @Nullable List<String> headers,
      @Nullable List<String> refuses) {
    List<String> answerHeaders() {
      return headers == null ? List.of() : headers;
    }

    List<String> ownRefusals() {
      return refuses == null ? List.of() : refuses;
    }
  }

  /**
   * @param schema is laid over the schema that comes from the code
   */
  record ParameterProse(String description, Object example, @Nullable Map<String, Object> schema) {}

  record ErrorProse(String message, @Nullable Map<String, Object> details) {}

  static Prose load() {
    var all = new LinkedHashMap<String, Object>(read("api"));
    all.put("schemas", read("schemas"));
    all.put("errors", read("errors"));
    all.put("routes", read("routes"));
    return WireJson.mapper().convertValue(all, Prose.class);
  }

  private static Map<String, Object> read(String name) {
    try (InputStream file = new ClassPathResource("openapi/" + name + ".yaml").getInputStream()) {
      return new Yaml(new SafeConstructor(new LoaderOptions())).load(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
