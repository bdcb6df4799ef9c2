package dev.skreaver.command.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.event.EventFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.axonframework.serialization.SerializedObject;
import org.axonframework.serialization.SimpleSerializedObject;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The files are the stored form of every event of every release. A file is never changed: if a test
 * here fails, the event needs a new revision and an upcaster.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class EventFilesTest {
  private static final AgentId AGENT = new AgentId("crawler-1");

  static Stream<AgentEvent> events() {
    return Stream.of(
        new AgentEvent.Created(
            AGENT,
            "ada",
            new AgentSpec(
                new AgentType.Custom("crawler"),
                "Site crawler",
                Map.of("team", "red"),
                Map.of("start", Map.of("urls", List.of("https://example.org"))),
                new AgentLimits(64, 256, 2, 30))),
        new AgentEvent.Started(AGENT),
        new AgentEvent.Updated(
            AGENT, "Größerer crawler", Map.of("team", "blue"), Map.of("depth", 4)),
        new AgentEvent.Paused(AGENT, "maintenance"),
        new AgentEvent.Resumed(AGENT),
        new AgentEvent.Stopped(AGENT, "no longer needed"),
        new AgentEvent.ErrorReported(AGENT, "cannot reach\nthe site", true),
        new AgentEvent.Recovered(AGENT),
        new AgentEvent.Deleted(AGENT));
  }

  @ParameterizedTest
  @MethodSource("events")
  void an_event_is_written_as_in_its_file(AgentEvent event) throws IOException {
    SerializedObject<byte[]> written = EventFormat.instance().serialize(event, byte[].class);
    EventCatalog type = EventCatalog.of(event.getClass());
    assertThat(written.getType().getName()).isEqualTo(type.wireName());
    assertThat(written.getType().getRevision()).isEqualTo(String.valueOf(type.revision()));
    assertThat(new String(written.getData(), StandardCharsets.UTF_8)).isEqualTo(file(type).strip());
  }

  @ParameterizedTest
  @MethodSource("events")
  void an_event_is_read_from_its_file(AgentEvent event) throws IOException {
    EventCatalog type = EventCatalog.of(event.getClass());
    AgentEvent read =
        EventFormat.instance()
            .deserialize(
                new SimpleSerializedObject<>(
                    file(type).getBytes(StandardCharsets.UTF_8),
                    byte[].class,
                    type.wireName(),
                    String.valueOf(type.revision())));
    assertThat(read).isEqualTo(event);
  }

  @Test
  void every_event_has_a_file() {
    assertThat(events().map(event -> EventCatalog.of(event.getClass())))
        .containsExactlyInAnyOrder(EventCatalog.values());
  }

  private static String file(EventCatalog type) throws IOException {
    String name = "/events/%s.%d.json".formatted(type.wireName(), type.revision());
    try (InputStream file = EventFilesTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(file, name).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
