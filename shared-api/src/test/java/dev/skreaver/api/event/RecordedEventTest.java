package dev.skreaver.api.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RecordedEventTest {
  private static final UUID EVENT = UUID.fromString("01890a5d-ac96-774b-bcce-b302099a8057");
  private static final Instant TIME = Instant.parse("2026-01-02T03:04:05.678901Z");
  private static final String METADATA =
      """
      {"tenant":"acme","subject":"ada","authentication":"jwt","request_id":"r1","correlation_id":"c1"}
      """;

  @Test
  void a_stored_row_becomes_an_event_with_its_metadata_and_payload() {
    RecordedEvent event = stored("agent.paused", 1, "{\"agent_id\":\"a1\",\"reason\":\"lunch\"}");

    assertThat(event.position()).isEqualTo(7);
    assertThat(event.previous()).isEqualTo(5);
    assertThat(event.actor()).isEqualTo(new RecordedEvent.Actor("ada", "jwt"));
    assertThat(event.correlationId()).isEqualTo("c1");
    assertThat(event.idempotencyKey()).isNull();
    assertThat(event.data().get("reason").stringValue()).isEqualTo("lunch");
  }

  @Test
  void an_erased_payload_is_shown_as_null() {
    assertThat(stored("agent.paused", 1, null).data().isNull()).isTrue();
  }

  @Test
  void an_event_of_a_newer_release_is_passed_on_as_it_was_written() {
    RecordedEvent event = stored("agent.cloned", 3, "{\"from\":\"a2\"}");

    assertThat(event.type()).isEqualTo("agent.cloned");
    assertThat(event.revision()).isEqualTo(3);
    assertThat(event.data().get("from").stringValue()).isEqualTo("a2");
  }

  @Test
  void an_event_comes_out_of_the_mesh_as_it_went_in() {
    RecordedEvent event = stored("agent.paused", 1, "{\"agent_id\":\"a1\",\"reason\":\"lunch\"}");
    RecordedEvent erased = stored("agent.paused", 1, null);

    assertThat(EventMesh.read(EventMesh.write(event))).isEqualTo(event);
    assertThat(EventMesh.read(EventMesh.write(erased))).isEqualTo(erased);
    assertThat(EventMesh.position(EventMesh.id(event.position()))).isEqualTo(7);
  }

  private static RecordedEvent stored(String type, int revision, @Nullable String payload) {
    return RecordedEvent.stored(
        EventFormat.instance(),
        7,
        5L,
        "acme",
        "a1",
        2,
        EVENT,
        type,
        revision,
        TIME,
        METADATA.getBytes(UTF_8),
        payload == null ? null : payload.getBytes(UTF_8));
  }
}
