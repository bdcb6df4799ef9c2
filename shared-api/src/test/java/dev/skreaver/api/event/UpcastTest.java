package dev.skreaver.api.event;

import static dev.skreaver.api.event.Upcast.byDefault;
import static dev.skreaver.api.event.Upcast.part;
import static dev.skreaver.api.event.Upcast.rename;
import static dev.skreaver.api.event.Upcast.without;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** Events of former releases, and what a later one makes of them. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class UpcastTest {
  private static final AgentId AGENT = new AgentId("a");

  private final EventFormat format =
      new EventFormat(
          List.of(
              Upcast.of("agent.halted", 1).to("agent.halted", 2, rename("cause", "why")),
              Upcast.of("agent.halted", 2).to("agent.halted", 3, rename("why", "reason")),
              Upcast.of("agent.halted", 3).to("agent.paused", 1),
              Upcast.of("agent.failed", 1).to("agent.error", 1, byDefault("recoverable", true)),
              Upcast.of("agent.retired", 1).to("agent.stopped", 1, without("mood", "weather")),
              Upcast.of("agent.crashed", 1)
                  .split(
                      part("agent.error", 1, without("reason"), byDefault("recoverable", false)),
                      part("agent.stopped", 1, without("error"))),
              Upcast.of("agent.blinked", 1).dropped()));

  @Test
  void a_renamed_member_and_a_renamed_event_are_read_through_all_revisions() {
    RecordedEvent halted = stored("agent.halted", 1, "{\"agent_id\":\"a\",\"cause\":\"lunch\"}");

    assertThat(halted.type()).isEqualTo("agent.paused");
    assertThat(halted.revision()).isEqualTo(1);
    assertThat(halted.data().toString()).isEqualTo("{\"agent_id\":\"a\",\"reason\":\"lunch\"}");
    assertThat(meaning(halted)).containsExactly(new AgentEvent.Paused(AGENT, "lunch"));
    assertThat(meaning(stored("agent.halted", 2, "{\"agent_id\":\"a\",\"why\":\"lunch\"}")))
        .containsExactly(new AgentEvent.Paused(AGENT, "lunch"));
    assertThat(meaning(stored("agent.halted", 3, "{\"agent_id\":\"a\",\"reason\":\"lunch\"}")))
        .containsExactly(new AgentEvent.Paused(AGENT, "lunch"));
  }

  @Test
  void a_member_that_was_not_there_gets_its_default_and_one_that_was_keeps_its_value() {
    assertThat(meaning(stored("agent.failed", 1, "{\"agent_id\":\"a\",\"error\":\"e\"}")))
        .containsExactly(new AgentEvent.ErrorReported(AGENT, "e", true));
    assertThat(
            meaning(
                stored(
                    "agent.failed",
                    1,
                    "{\"agent_id\":\"a\",\"error\":\"e\",\"recoverable\":false}")))
        .containsExactly(new AgentEvent.ErrorReported(AGENT, "e", false));
  }

  @Test
  void a_dropped_member_is_gone() {
    RecordedEvent retired =
        stored("agent.retired", 1, "{\"agent_id\":\"a\",\"mood\":\"good\",\"reason\":\"old\"}");

    assertThat(retired.data().toString()).isEqualTo("{\"agent_id\":\"a\",\"reason\":\"old\"}");
    assertThat(meaning(retired)).containsExactly(new AgentEvent.Stopped(AGENT, "old"));
  }

  @Test
  void a_split_event_is_shown_once_as_it_was_recorded_and_means_several() {
    String payload = "{\"agent_id\":\"a\",\"error\":\"e\",\"reason\":\"r\"}";
    RecordedEvent crashed = stored("agent.crashed", 1, payload);

    assertThat(crashed.type()).isEqualTo("agent.crashed");
    assertThat(crashed.data().toString()).isEqualTo(payload);
    assertThat(meaning(crashed))
        .containsExactly(
            new AgentEvent.ErrorReported(AGENT, "e", false), new AgentEvent.Stopped(AGENT, "r"));
  }

  @Test
  void a_dropped_event_is_shown_as_it_was_recorded_and_means_nothing() {
    RecordedEvent blinked = stored("agent.blinked", 1, "{\"agent_id\":\"a\"}");

    assertThat(blinked.type()).isEqualTo("agent.blinked");
    assertThat(meaning(blinked)).isEmpty();
  }

  @Test
  void an_erased_event_of_a_former_revision_keeps_its_meaning_without_its_content() {
    assertThat(stored("agent.halted", 1, null).type()).isEqualTo("agent.paused");
    assertThat(format.current(stored("agent.halted", 1, null)))
        .containsExactly(new CurrentEvent(EventCatalog.AGENT_PAUSED, null));
    assertThat(format.current(stored("agent.crashed", 1, null)))
        .containsExactly(
            new CurrentEvent(EventCatalog.AGENT_ERROR, null),
            new CurrentEvent(EventCatalog.AGENT_STOPPED, null));
    assertThat(format.current(stored("agent.blinked", 1, null))).isEmpty();
  }

  @Test
  void an_event_that_an_older_release_read_is_brought_to_the_current_revision() {
    RecordedEvent unknown =
        stored(
            EventFormat.instance(), "agent.halted", 1, "{\"agent_id\":\"a\",\"cause\":\"lunch\"}");

    assertThat(unknown.type()).isEqualTo("agent.halted");
    assertThat(unknown.in(format))
        .isEqualTo(stored("agent.halted", 1, "{\"agent_id\":\"a\",\"cause\":\"lunch\"}"));
  }

  @Test
  void an_event_is_found_under_all_names_that_it_ever_had() {
    assertThat(format.recordedAs("agent.paused"))
        .containsExactlyInAnyOrder("agent.paused", "agent.halted");
    assertThat(format.recordedAs("agent.stopped"))
        .containsExactlyInAnyOrder("agent.stopped", "agent.retired", "agent.crashed");
    assertThat(format.recordedAs("agent.blinked")).containsExactly("agent.blinked");
    assertThat(format.names())
        .contains("agent.paused", "agent.blinked", "agent.crashed")
        .doesNotContain("agent.halted", "agent.failed", "agent.retired", "dropped");
  }

  @Test
  void an_unknown_name_or_revision_stops_whoever_must_understand_it() {
    assertThatThrownBy(() -> meaning(stored("agent.cloned", 1, "{\"agent_id\":\"a\"}")))
        .isInstanceOf(UnknownEventException.class)
        .hasMessageContaining("unknown event 'agent.cloned'");
    assertThatThrownBy(() -> meaning(stored("agent.paused", 2, "{\"agent_id\":\"a\"}")))
        .isInstanceOf(UnknownEventException.class)
        .hasMessageContaining("'agent.paused' has revision 2, this release reads up to 1");
    assertThatThrownBy(() -> meaning(stored("agent.paused", 2, null)))
        .isInstanceOf(UnknownEventException.class);
  }

  @Test
  void upcasts_that_lead_nowhere_or_stand_in_the_wrong_order_are_refused() {
    Upcast first = Upcast.of("agent.paused", -1).to("agent.paused", 0);
    Upcast second = Upcast.of("agent.paused", 0).to("agent.paused", 1);

    assertThatThrownBy(() -> new EventFormat(List.of(second, first)))
        .hasMessageContaining("must stand before");
    assertThatThrownBy(() -> new EventFormat(List.of(first)))
        .hasMessageContaining("'agent.paused' revision 0, which this release does not have");
    assertThatThrownBy(() -> new EventFormat(List.of(second, second)))
        .hasMessageContaining("two upcasts");
    assertThatThrownBy(() -> new EventFormat(List.of(Upcast.of("agent.x", 1).to("agent.x", 1))))
        .hasMessageContaining("must stand before");
  }

  private List<@Nullable DomainEvent> meaning(RecordedEvent event) {
    return format.current(event).stream().<@Nullable DomainEvent>map(CurrentEvent::event).toList();
  }

  private RecordedEvent stored(String type, int revision, @Nullable String payload) {
    return stored(format, type, revision, payload);
  }

  private static RecordedEvent stored(
      EventFormat format, String type, int revision, @Nullable String payload) {
    return RecordedEvent.stored(
        format,
        7,
        5L,
        "acme",
        "a",
        2,
        new UUID(7, 7),
        type,
        revision,
        Instant.EPOCH,
        "{\"subject\":\"ada\"}".getBytes(UTF_8),
        payload == null ? null : payload.getBytes(UTF_8));
  }
}
