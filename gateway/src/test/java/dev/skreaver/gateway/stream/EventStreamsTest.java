package dev.skreaver.gateway.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** The seam between history, memory and live. */
class EventStreamsTest {
  private static final StreamSettings SMALL =
      new StreamSettings(10_000, 50, 0, Duration.ofSeconds(5));
  private Stage stage = new Stage(SMALL, null);

  @AfterEach
  void stop() {
    stage.close();
  }

  @Test
  void streams_that_open_in_mid_traffic_get_every_event_once_and_in_order() throws Exception {
    stage.start();
    stage.record(1_200);
    Thread traffic = Thread.startVirtualThread(() -> stage.record(3_000));
    var heard = new LinkedHashMap<Long, List<Long>>();
    for (int i = 0; i < 40; i++) {
      List<Long> positions = stage.log.positions("acme", 0);
      // From the far past, from the edge of what is in memory, and from right now.
      int back = List.of(positions.size(), 60, 50, 40, 1).get(i % 5);
      long after = positions.get(positions.size() - back);
      heard.put(after, stage.listen(after));
    }
    traffic.join();

    for (Map.Entry<Long, List<Long>> stream : heard.entrySet()) {
      stage.assertWhole(stream.getValue(), stream.getKey());
    }
  }

  @Test
  void history_ends_with_the_position_it_reached() {
    stage.record(3);
    stage.start();

    StepVerifier.create(stage.streams.open(Stage.TENANT, null, 0L))
        .expectNextCount(3)
        .expectNext(new StreamItem.CaughtUp(stage.log.head()))
        .thenCancel()
        .verify(Stage.LIMIT);
  }

  @Test
  void what_is_no_longer_kept_is_a_gap_before_everything_else() {
    stage.close();
    stage = new Stage(new StreamSettings(100, 50, 10, Duration.ofSeconds(5)), null);
    stage.record(20);
    stage.start();
    long kept = stage.log.head() - 10;

    StepVerifier.create(stage.streams.open(Stage.TENANT, null, kept - 1))
        .expectNext(new StreamItem.Gap(kept - 1, kept + 1))
        .expectNextCount(stage.log.positions("acme", kept).size())
        .expectNext(new StreamItem.CaughtUp(stage.log.head()))
        .thenCancel()
        .verify(Stage.LIMIT);
  }

  @Test
  void a_position_that_has_not_been_reached_is_refused() {
    stage.record(3);
    stage.start();

    StepVerifier.create(stage.streams.open(Stage.TENANT, null, stage.log.head() + 1))
        .expectError(Refusal.class)
        .verify(Stage.LIMIT);
  }

  @Test
  void an_order_that_went_back_cuts_every_stream() {
    stage.start();
    stage.record(5);
    var failures = new ArrayList<Throwable>();
    stage.streams.open(Stage.TENANT, null, 0L).subscribe(item -> {}, failures::add);
    await().atMost(Stage.LIMIT).until(() -> stage.feed.streams() == 1);

    stage.feed.begin(2);

    await().atMost(Stage.LIMIT).until(() -> !failures.isEmpty());
    assertThat(failures.getFirst()).isInstanceOf(Refusal.class);
    assertThat(stage.feed.streams()).isZero();
  }

  @Test
  void an_order_that_went_back_cuts_a_stream_that_is_still_in_its_history() {
    stage.record(10);
    stage.start();

    StepVerifier.create(stage.streams.open(Stage.TENANT, null, 0L), 1)
        .expectNextCount(1)
        .then(() -> stage.feed.begin(2))
        .thenRequest(Long.MAX_VALUE)
        .expectErrorMatches(EventStreamsTest::isUnavailable)
        .verify(Stage.LIMIT);
  }

  @Test
  void an_order_that_went_back_cuts_a_stream_that_is_about_to_begin() {
    stage.feed.begin(0);
    stage.record(5);
    var answer = Sinks.<Void>empty();
    stage.log.answerAfter(answer.asMono());

    StepVerifier.create(stage.streams.open(Stage.TENANT, null, stage.log.head()))
        .expectSubscription()
        .then(() -> stage.feed.begin(2))
        .then(answer::tryEmitEmpty)
        .expectErrorMatches(EventStreamsTest::isUnavailable)
        .verify(Stage.LIMIT);
  }

  private static boolean isUnavailable(Throwable failure) {
    return failure instanceof Refusal refusal && refusal.code() == ErrorCode.SERVICE_UNAVAILABLE;
  }

  @Test
  void what_waits_for_a_reader_when_an_erasure_passes_is_read_again() {
    stage.start();

    StepVerifier.create(stage.streams.open(Stage.TENANT, null, null), 1)
        .expectNextMatches(StreamItem.CaughtUp.class::isInstance)
        .then(this::recordTexts)
        .then(this::erase)
        .thenRequest(Long.MAX_VALUE)
        .expectNextMatches(item -> isErased(item, 0))
        .expectNextMatches(item -> isErased(item, 1))
        .expectNextMatches(item -> isErased(item, 2))
        .expectNextMatches(item -> item.position() == stage.log.head())
        .expectNextMatches(StreamItem.Progress.class::isInstance)
        .thenCancel()
        .verify(Stage.LIMIT);
  }

  @Test
  void what_a_slow_reader_has_before_it_of_history_is_read_again_after_an_erasure() {
    recordTexts();
    stage.start();

    assertErasedAfterTheFirst();
  }

  @Test
  void what_a_slow_reader_has_before_it_of_memory_is_read_again_after_an_erasure() {
    stage.start();
    recordTexts();

    assertErasedAfterTheFirst();
  }

  private void assertErasedAfterTheFirst() {
    StepVerifier.create(stage.streams.open(Stage.TENANT, null, 0L), 1)
        .expectNextMatches(item -> !isErased(item, 0))
        .then(this::erase)
        .thenRequest(Long.MAX_VALUE)
        .expectNextMatches(item -> isErased(item, 1))
        .expectNextMatches(item -> isErased(item, 2))
        .expectNextMatches(item -> item.position() == stage.log.head())
        .expectNextMatches(StreamItem.CaughtUp.class::isInstance)
        .thenCancel()
        .verify(Stage.LIMIT);
  }

  @Test
  void a_reader_that_keeps_up_is_told_every_event_once_though_erasures_pass() {
    stage.start();
    List<Long> heard = stage.listenLive();

    for (int i = 0; i < 50; i++) {
      stage.record(10);
      stage.log.erase("acme", "nobody");
    }

    stage.assertWhole(heard, 0);
  }

  @Test
  void what_is_outdated_is_read_again_after_a_pause() {
    stage.start();
    var readings = new AtomicInteger();

    StepVerifier.withVirtualTime(() -> unerased(outdated(readings, 1)))
        .expectSubscription()
        .expectNoEvent(Duration.ofMillis(50))
        .thenAwait(Duration.ofSeconds(1))
        .expectNext(2)
        .expectComplete()
        .verify(Stage.LIMIT);
  }

  @Test
  void what_is_outdated_whenever_it_is_read_is_refused_in_the_end() {
    stage.start();
    var readings = new AtomicInteger();

    StepVerifier.withVirtualTime(() -> unerased(outdated(readings, 30)))
        .thenAwait(Duration.ofMinutes(10))
        .expectErrorMatches(EventStreamsTest::isUnavailable)
        .verify(Stage.LIMIT);
  }

  @Test
  void what_is_outdated_after_each_item_is_read_to_its_end() {
    stage.start();
    var shown = new AtomicInteger();
    Flux<Integer> numbers = Flux.defer(() -> Flux.range(shown.get() + 1, 2));
    Flux<Integer> outdatedByTheSecond =
        numbers.index(
            (index, number) -> {
              if (index == 1) {
                erase();
              }
              return number;
            });

    StepVerifier.withVirtualTime(() -> unerased(outdatedByTheSecond).doOnNext(shown::set).take(15))
        .thenAwait(Duration.ofMinutes(10))
        .expectNextSequence(IntStream.rangeClosed(1, 15).boxed().toList())
        .expectComplete()
        .verify(Stage.LIMIT);
  }

  private <T> Flux<T> unerased(Flux<T> opened) {
    return stage.streams.unerased(Stage.TENANT, opened);
  }

  /** The number of the reading; an erasure passes before it in as many of them. */
  private Flux<Integer> outdated(AtomicInteger readings, int times) {
    return Flux.defer(
        () -> {
          int reading = readings.incrementAndGet();
          if (reading <= times) {
            erase();
          }
          return Flux.just(reading);
        });
  }

  private void recordTexts() {
    for (int i = 0; i < 3; i++) {
      stage.log.record("acme", "a", "agent.paused", Map.of("reason", "private"));
    }
    awaitDispatched();
  }

  private void erase() {
    stage.log.erase("acme", "private");
    awaitDispatched();
  }

  private void awaitDispatched() {
    if (stage.reader.isRunning()) {
      await().atMost(Stage.LIMIT).until(() -> stage.feed.position() == stage.log.head());
    }
  }

  private boolean isErased(StreamItem item, int number) {
    return item instanceof StreamItem.Event event
        && event.position() == stage.log.positions("acme", 0).get(number)
        && event.event().data().path("reason").asString().equals("[erased]");
  }

  @Test
  void a_reader_that_goes_leaves_nothing_behind() {
    stage.start();
    var stream = stage.streams.open(Stage.TENANT, null, null).subscribe();
    await().atMost(Stage.LIMIT).until(() -> stage.feed.streams() == 1);

    stream.dispose();

    await().atMost(Stage.LIMIT).until(() -> stage.feed.streams() == 0);
  }
}
