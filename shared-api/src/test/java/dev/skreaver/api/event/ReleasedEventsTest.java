package dev.skreaver.api.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.api.subject.SubjectErased;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * Every event that was ever released, as it lies in the store: {@code
 * events/<name>.<revision>.json} is one with all its members, {@code
 * events/schema/<name>.<revision>.json} says what members there are. What is committed there is
 * released and is never changed.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ReleasedEventsTest {
  private static final Path FILES = Path.of("src/test/resources/events");
  private static final Path SCHEMAS = FILES.resolve("schema");

  /** Writes the files of new revisions, and never changes one that is there. */
  private static final String RELEASE = "release.events";

  private static final String WHAT_TO_DO =
      """
      %s: a released event never changes. Give its event a new revision in EventCatalog, write an \
      Upcast from the former one into EventCatalog.UPCASTS, and an example of it into \
      ReleasedEventsTest; then run

        mvn -pl shared-api test -Dtest=ReleasedEventsTest -Drelease.events=true

      which adds its two files, and commit them. Files that are there stay as they are.\
      """;

  private static final AgentId AGENT = new AgentId("crawler-1");
  private static final Map<String, String> METADATA = new LinkedHashMap<>();

  static {
    METADATA.put("tenant", "acme");
    METADATA.put("subject", "ada");
    METADATA.put("authentication", "jwt");
    METADATA.put("request_id", "request-1");
    METADATA.put("correlation_id", "correlation-1");
    METADATA.put("causation_id", "01890a5d-ac96-774b-bcce-b302099a8057");
    METADATA.put("idempotency_key", "key-1");
  }

  /** One of each current revision, with all its members. */
  static Stream<DomainEvent> examples() {
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
        new AgentEvent.Deleted(AGENT),
        new SubjectErased("erased:5f0c6a1be2d34790", "asked for in ticket 4711"));
  }

  @BeforeAll
  static void addFilesOfNewRevisions() throws IOException {
    if (!Boolean.getBoolean(RELEASE)) {
      return;
    }
    for (DomainEvent example : examples().toList()) {
      EventCatalog type = EventCatalog.of(example.getClass());
      Path file = FILES.resolve(fileName(type));
      if (!Files.exists(file)) {
        Files.writeString(
            file,
            "{\n\"metadata\": %s,\n\"payload\": %s\n}\n"
                .formatted(WireJson.mapper().writeValueAsString(METADATA), written(example)));
      }
      Path schema = SCHEMAS.resolve(fileName(type));
      if (!Files.exists(schema)) {
        Files.writeString(schema, EventSchema.of(type).toPrettyString() + "\n");
      }
    }
  }

  static Stream<String> files() {
    return list(FILES).stream();
  }

  @Test
  void every_event_of_the_catalog_has_an_example() {
    assertThat(examples().map(event -> EventCatalog.of(event.getClass())))
        .containsExactlyInAnyOrder(EventCatalog.values());
    assertThat(examples()).allSatisfy(ReleasedEventsTest::assertNothingMissing);
  }

  @ParameterizedTest
  @MethodSource("examples")
  void a_released_event_has_the_schema_with_which_it_was_released(DomainEvent example) {
    EventCatalog type = EventCatalog.of(example.getClass());
    JsonNode now = EventSchema.of(type);
    Path released = SCHEMAS.resolve(fileName(type));
    assertThat(released).as(WHAT_TO_DO, fileName(type) + " is not released").exists();
    assertThat(now)
        .as(WHAT_TO_DO, fileName(type) + " is released and no longer what the code writes")
        .isEqualTo(read(released));
  }

  @ParameterizedTest
  @MethodSource("examples")
  void an_event_is_written_as_it_was_released(DomainEvent example) {
    EventCatalog type = EventCatalog.of(example.getClass());
    Path released = FILES.resolve(fileName(type));
    assertThat(released).as(WHAT_TO_DO, fileName(type) + " is not released").exists();
    assertThat(written(example))
        .as(WHAT_TO_DO, fileName(type) + " is released and no longer what the code writes")
        .isEqualTo(new String(stored(released, "payload"), UTF_8));
    assertThat(WireJson.mapper().writeValueAsString(METADATA))
        .isEqualTo(new String(stored(released, "metadata"), UTF_8));
  }

  @ParameterizedTest
  @MethodSource("files")
  void every_event_that_was_ever_released_is_read_as_what_it_says_today(String file) {
    RecordedEvent recorded = recorded(file);
    assertThat(recorded.actor()).isEqualTo(new RecordedEvent.Actor("ada", "jwt"));
    assertThat(recorded.requestId()).isEqualTo("request-1");
    assertThat(recorded.correlationId()).isEqualTo("correlation-1");
    assertThat(recorded.causationId()).isEqualTo("01890a5d-ac96-774b-bcce-b302099a8057");
    assertThat(recorded.idempotencyKey()).isEqualTo("key-1");

    List<CurrentEvent> current = EventFormat.instance().current(recorded);
    assertThat(current).extracting(CurrentEvent::event).doesNotContainNull();
    for (CurrentEvent meant : current) {
      assertNothingMissing(meant.event());
    }
    examples()
        .filter(example -> fileName(EventCatalog.of(example.getClass())).equals(file))
        .forEach(
            example ->
                assertThat(current).extracting(CurrentEvent::event).containsExactly(example));
  }

  @ParameterizedTest
  @MethodSource("files")
  void a_released_event_has_exactly_the_members_of_its_schema(String file) {
    JsonNode schema = read(SCHEMAS.resolve(file));
    assertThat(file)
        .isEqualTo("%s.%s.json", schema.path("name").asString(), schema.path("revision").asInt());
    assertMembers(schema.path("members"), read(FILES.resolve(file)).path("payload"));
  }

  @Test
  void every_released_event_has_its_two_files() {
    assertThat(list(SCHEMAS)).isEqualTo(list(FILES)).isNotEmpty();
  }

  private static void assertMembers(JsonNode schema, JsonNode data) {
    assertThat(data.propertyNames())
        .containsExactlyInAnyOrderElementsOf(
            schema.propertyNames().stream().map(name -> name.replace("?", "")).toList());
    schema
        .properties()
        .forEach(
            member -> {
              if (isRecord(member.getValue())) {
                assertMembers(member.getValue(), data.path(member.getKey().replace("?", "")));
              }
            });
  }

  private static boolean isRecord(JsonNode schema) {
    return schema.isObject()
        && schema.propertyNames().stream().noneMatch(name -> name.contains(" "));
  }

  /** A member that got lost on the way would be null, empty or 0. */
  private static void assertNothingMissing(@Nullable Object value) {
    assertThat(value).isNotNull().isNotIn("", 0, 0L, false);
    switch (value) {
      case Map<?, ?> map -> assertThat(map).isNotEmpty();
      case Collection<?> list -> assertThat(list).isNotEmpty();
      case Record record -> {
        for (RecordComponent component : record.getClass().getRecordComponents()) {
          try {
            assertNothingMissing(component.getAccessor().invoke(record));
          } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
          }
        }
      }
      case null, default -> {}
    }
  }

  private static RecordedEvent recorded(String file) {
    String[] parts = file.split("\\.(?=\\d+\\.json$)|\\.(?=json$)", -1);
    Path path = FILES.resolve(file);
    return RecordedEvent.stored(
        EventFormat.instance(),
        7,
        5L,
        "acme",
        AGENT.value(),
        2,
        new UUID(7, 7),
        parts[0],
        Integer.parseInt(parts[1]),
        Instant.EPOCH,
        stored(path, "metadata"),
        stored(path, "payload"));
  }

  private static String fileName(EventCatalog type) {
    return "%s.%d.json".formatted(type.wireName(), type.revision());
  }

  private static String written(DomainEvent event) {
    return new String(EventFormat.instance().serialize(event, byte[].class).getData(), UTF_8);
  }

  private static byte[] stored(Path file, String part) {
    return read(file).path(part).toString().getBytes(UTF_8);
  }

  private static JsonNode read(Path file) {
    try {
      return WireJson.mapper().readTree(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static SortedSet<String> list(Path folder) {
    String[] names = folder.toFile().list((parent, name) -> name.endsWith(".json"));
    return new TreeSet<>(Arrays.asList(names == null ? new String[0] : names));
  }
}
