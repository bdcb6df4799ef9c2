package dev.skreaver.gateway.sse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentQueries.Moment;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.gateway.sse.Reel.Frame;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class ReelTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final Moment BEGINNING = new Moment(0L, null);
  private static final Map<String, Object> SPEC =
      Map.of(
          "agent_type",
          "echo",
          "labels",
          Map.of(),
          "config",
          Map.of(),
          "limits",
          Map.of(
              "max_memory_mb",
              16,
              "max_observation_size_kb",
              64,
              "max_concurrent_tools",
              1,
              "execution_timeout_secs",
              10));

  /** Created at noon, started 4 s later, paused 6 s later, at positions 10, 20 and 30. */
  private static final List<RecordedEvent> LIFE =
      List.of(
          event(10, 0, "agent.created", Map.of("agent_id", "a", "owner", "ada", "spec", SPEC)),
          event(20, 4, "agent.started", Map.of("agent_id", "a")),
          event(30, 10, "agent.paused", Map.of("agent_id", "a", "reason", "lunch")));

  @Test
  void events_come_with_the_pauses_that_there_were() {
    StepVerifier.withVirtualTime(() -> show(Speed.AS_IT_WAS, LIFE))
        .expectNextMatches(frame -> position(frame) == 10)
        .expectNoEvent(Duration.ofSeconds(4))
        .expectNextMatches(frame -> position(frame) == 20)
        .expectNoEvent(Duration.ofSeconds(6))
        .expectNextMatches(frame -> position(frame) == 30)
        .expectNext(new Frame.End(30, 3))
        .verifyComplete();
  }

  @Test
  void ten_times_faster_is_a_tenth_of_the_pauses() {
    StepVerifier.withVirtualTime(() -> show(new Speed(10), LIFE))
        .expectNextCount(1)
        .expectNoEvent(Duration.ofMillis(400))
        .expectNextCount(1)
        .expectNoEvent(Duration.ofMillis(600))
        .expectNextCount(2)
        .verifyComplete();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "max"})
  void without_pauses_all_come_at_once(String speed) {
    assertThat(positions(show(Speed.fromWire(speed), LIFE))).containsExactly(10L, 20L, 30L);
  }

  @Test
  void a_life_whose_beginning_is_archived_is_refused() {
    StepVerifier.create(show(new Speed(0), List.of(LIFE.get(1))))
        .expectErrorMatches(
            failure ->
                failure instanceof Refusal refusal && refusal.code() == ErrorCode.POSITION_NOT_KEPT)
        .verify();
  }

  @Test
  void an_idle_week_is_a_short_pause_that_is_told() {
    var week = List.of(LIFE.get(0), event(20, 604_800, "agent.started", Map.of("agent_id", "a")));
    StepVerifier.withVirtualTime(() -> show(Speed.AS_IT_WAS, week))
        .expectNextCount(1)
        .expectNext(new Frame.Shortened(Duration.ofDays(7), Speed.LONGEST_PAUSE))
        .expectNoEvent(Speed.LONGEST_PAUSE)
        .expectNextMatches(frame -> position(frame) == 20)
        .expectNextCount(1)
        .verifyComplete();
  }

  @Test
  void each_event_has_the_agent_as_it_was_after_it() {
    List<Frame> frames = frames(show(Speed.fromWire("max"), LIFE));
    assertThat(frames.subList(0, 3))
        .extracting(ReelTest::agent)
        .extracting(agent -> agent == null ? null : agent.status().wireName())
        .containsExactly("initializing", "ready", "paused");
  }

  @Test
  void after_its_deletion_there_is_no_agent() {
    var deleted = List.of(LIFE.get(0), event(20, 1, "agent.deleted", Map.of("agent_id", "a")));
    assertThat(agent(frames(show(Speed.fromWire("max"), deleted)).get(1))).isNull();
  }

  @Test
  void where_content_was_erased_the_agent_is_unknown_from_then_on() {
    var erased = List.of(LIFE.get(0), event(20, 1, "agent.updated", null), LIFE.get(2));
    assertThat(frames(show(Speed.fromWire("max"), erased)).subList(1, 3))
        .extracting(frame -> ((Frame.Shown) frame).erased())
        .containsExactly(20L, 20L);
  }

  @Test
  void it_begins_after_the_one_moment_without_a_pause_and_ends_with_the_other() {
    var from = new Moment(10L, null);
    var to = new Moment(20L, null);
    StepVerifier.withVirtualTime(
            () ->
                new Reel(Speed.AS_IT_WAS, from, to, 0, 30)
                    .show(Flux.fromIterable(LIFE), UnaryOperator.identity()))
        .expectNextMatches(frame -> position(frame) == 20 && agent(frame) != null)
        .expectNext(new Frame.End(20, 1))
        .verifyComplete();
  }

  @Test
  void times_are_moments_too() {
    var from = new Moment(null, NOON);
    var to = new Moment(null, NOON.plusSeconds(9));
    assertThat(
            positions(
                new Reel(new Speed(0), from, to, 0, 30)
                    .show(Flux.fromIterable(LIFE), UnaryOperator.identity())))
        .containsExactly(20L);
  }

  @Test
  void a_replay_that_is_resumed_goes_on_after_what_was_seen() {
    var all = new Moment(30L, null);
    assertThat(
            positions(
                new Reel(new Speed(0), BEGINNING, all, 20, 30)
                    .show(Flux.fromIterable(LIFE), UnaryOperator.identity())))
        .containsExactly(30L);
  }

  @Test
  void it_takes_events_no_faster_than_they_are_shown() {
    var taken = new AtomicLong();
    Flux<RecordedEvent> history =
        Flux.range(0, 100)
            .map(number -> number < 3 ? LIFE.get(number) : pausedOrResumed(number))
            .doOnNext(event -> taken.incrementAndGet());
    StepVerifier.withVirtualTime(() -> show(new Speed(0), history, 1000), 1)
        .expectNextCount(1)
        .then(() -> assertThat(taken.get()).as("one is shown, two follow").isLessThan(4))
        .thenCancel()
        .verify();
  }

  @ParameterizedTest
  @CsvSource({"1,PT8S", "2,PT4S", "0.5,PT10S", "1000,PT0.008S", "0,PT0S", "max,PT0S"})
  void a_pause_is_divided_by_the_speed_and_never_too_long(String speed, Duration made) {
    assertThat(Speed.fromWire(speed).between(NOON, NOON.plusSeconds(8)).made()).isEqualTo(made);
  }

  @Test
  void a_clock_that_went_back_makes_no_pause() {
    assertThat(Speed.AS_IT_WAS.between(NOON.plusSeconds(8), NOON).made()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "fast", "1e3", "NaN", "1.", ".5", "1000000", "1.0001", "٣"})
  void what_is_no_speed_is_refused(String speed) {
    assertThatThrownBy(() -> Speed.fromWire(speed))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("speed");
  }

  private static Flux<Frame> show(Speed speed, List<RecordedEvent> events) {
    return show(speed, Flux.fromIterable(events), events.getLast().position());
  }

  private static Flux<Frame> show(Speed speed, Flux<RecordedEvent> events, long head) {
    return new Reel(speed, BEGINNING, new Moment(head, null), 0, head)
        .show(events, UnaryOperator.identity());
  }

  private static List<Frame> frames(Flux<Frame> reel) {
    var frames = new ArrayList<Frame>();
    reel.toIterable().forEach(frames::add);
    return frames;
  }

  private static List<Long> positions(Flux<Frame> reel) {
    return frames(reel).stream()
        .filter(Frame.Shown.class::isInstance)
        .map(ReelTest::position)
        .toList();
  }

  private static long position(Frame frame) {
    return ((Frame.Shown) frame).event().position();
  }

  private static @Nullable AgentView agent(Frame frame) {
    return ((Frame.Shown) frame).agent();
  }

  private static RecordedEvent pausedOrResumed(int number) {
    String type = number % 2 == 0 ? "agent.paused" : "agent.resumed";
    return event(10L * (number + 1), 10 + number, type, Map.of("agent_id", "a"));
  }

  private static RecordedEvent event(
      long position, int second, String type, @Nullable Map<String, Object> data) {
    return new RecordedEvent(
        position,
        null,
        new UUID(0, position),
        type,
        1,
        new TenantId("acme"),
        new AgentId("a"),
        position / 10 - 1,
        NOON.plusSeconds(second),
        new RecordedEvent.Actor("ada", "jwt"),
        null,
        null,
        null,
        null,
        null,
        null,
        WireJson.mapper().valueToTree(data));
  }
}
