package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code docker-compose.yml} against what the decisions ask for. */
class ComposeTest {
  private final JsonNode services = services();

  private static JsonNode services() {
    try {
      Object file = new Yaml().load(Files.readString(Path.of("..", "docker-compose.yml")));
      return JsonMapper.shared().<JsonNode>valueToTree(file).path("services");
    } catch (IOException unreadable) {
      throw new AssertionError(unreadable);
    }
  }

  /** What has all tenants' events in clear needs a password and a network of its own (ADR 0006). */
  @Test
  void redis_asks_for_the_password_that_its_clients_are_given_and_nobody_else_reaches_it() {
    String password = services.at("/redis/environment/REDISCLI_AUTH").asString();
    assertThat(password).startsWith("${REDIS_PASSWORD:?");
    assertThat(services.at("/redis/command").valueStream().map(JsonNode::asString))
        .containsSubsequence("--requirepass", password);
    assertThat(services.at("/redis/networks").toString()).isEqualTo("[\"mesh\"]");

    services
        .properties()
        .forEach(
            service -> {
              boolean client = service.getValue().at("/environment").has("REDIS_HOST");
              assertThat(service.getValue().at("/environment/REDIS_PASSWORD").asString(""))
                  .as(service.getKey())
                  .isEqualTo(client ? password : "");
              assertThat(service.getValue().path("networks").toString().contains("mesh"))
                  .as(service.getKey())
                  .isEqualTo(client || service.getKey().equals("redis"));
            });
  }

  @Test
  void only_the_gateway_is_published() {
    assertThat(services.properties().stream().filter(service -> service.getValue().has("ports")))
        .singleElement()
        .satisfies(service -> assertThat(service.getKey()).isEqualTo("gateway"));
  }
}
