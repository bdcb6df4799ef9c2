package dev.skreaver.gateway.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.event.EventMesh;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.embedded.RedisServer;
import dev.skreaver.gateway.websocket.EventLog;
import dev.skreaver.platform.RedisAddress;
import dev.skreaver.platform.mesh.MeshConnection;
import io.lettuce.core.XAddArgs;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.mock.env.MockEnvironment;
import reactor.core.publisher.Flux;

/** Where live events come from must not show in what comes out. */
class FeedReaderTest {
  private static final StreamSettings SETTINGS =
      new StreamSettings(1_000, 50, 0, Duration.ofSeconds(5));
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static RedisServer redis;
  private static MeshConnection relay;
  private @Nullable Stage stage;

  @BeforeAll
  static void startRedis() {
    redis = RedisServer.throwAway();
    relay = connection();
    // The first connection of a JVM takes longer than any later one may.
    await().atMost(LIMIT).ignoreExceptions().until(() -> relay.commands().ping().equals("PONG"));
  }

  @AfterAll
  static void stopRedis() {
    relay.close();
    redis.close();
  }

  @BeforeEach
  void wipeRedis() {
    relay.commands().flushall();
  }

  @AfterEach
  void stop() {
    if (stage != null) {
      stage.close();
    }
  }

  private static MeshConnection connection() {
    return new MeshConnection(
        RedisAddress.from(new MockEnvironment().withProperty("REDIS_URL", redis.url())), "test");
  }

  private Stage withoutMesh() {
    return on(new Stage(SETTINGS, null));
  }

  private Stage withMesh() {
    return on(new Stage(SETTINGS, new MeshSource(connection())));
  }

  private Stage on(Stage used) {
    stage = used;
    return used;
  }

  private static void relay(List<RecordedEvent> events) {
    for (RecordedEvent event : events) {
      relay(event, EventMesh.write(event));
    }
  }

  private static void relay(RecordedEvent event, byte[] entry) {
    relay
        .commands()
        .xadd(
            EventMesh.STREAM,
            new XAddArgs().id(EventMesh.id(event.position())),
            Map.of(EventMesh.FIELD, entry));
  }

  private static void awaitSource(Stage stage, FeedReader.Source source) {
    await().atMost(Stage.LIMIT).until(() -> stage.reader.source() == source);
  }

  private static RecordedEvent withoutPrevious(RecordedEvent event) {
    return new RecordedEvent(
        event.position(),
        null,
        event.eventId(),
        event.type(),
        event.revision(),
        event.tenant(),
        event.agentId(),
        event.version(),
        event.time(),
        event.actor(),
        event.requestId(),
        event.correlationId(),
        event.causationId(),
        event.idempotencyKey(),
        event.commandId(),
        event.command(),
        event.data());
  }

  @Test
  void what_the_source_repeats_is_told_once() {
    Stage stage =
        withoutMesh().fault(live -> live.concatMap(event -> Flux.just(event, event))).start();
    List<Long> heard = stage.listenLive();

    stage.record(30);

    stage.assertWhole(heard, 0);
  }

  @Test
  void what_the_source_leaves_out_is_fetched() {
    Stage stage =
        withoutMesh().fault(live -> live.filter(event -> event.version() % 3 != 1)).start();
    List<Long> heard = stage.listenLive();

    stage.record(30);

    stage.assertWhole(heard, 0);
  }

  @Test
  void what_comes_out_of_order_is_told_in_order() {
    Stage stage =
        withoutMesh()
            .fault(
                live ->
                    live.buffer(2)
                        .concatMapIterable(pair -> List.of(pair.getLast(), pair.getFirst())))
            .start();
    List<Long> heard = stage.listenLive();

    stage.record(30);

    stage.assertWhole(heard, 0);
  }

  @Test
  void an_event_that_does_not_name_the_one_before_it_is_not_believed() {
    Stage stage =
        withoutMesh()
            .fault(
                live ->
                    live.filter(event -> event.version() % 3 != 1)
                        .map(FeedReaderTest::withoutPrevious))
            .start();
    List<Long> heard = stage.listenLive();

    stage.record(30);

    stage.assertWhole(heard, 0);
  }

  @Test
  void a_source_that_ends_or_fails_is_opened_anew_where_it_was() {
    Stage stage =
        withoutMesh()
            .fault(live -> live.take(7))
            .fault(live -> live.take(5).concatWith(Flux.error(new IllegalStateException("test"))))
            .start();
    List<Long> heard = stage.listenLive();

    stage.record(30);

    stage.assertWhole(heard, 0);
  }

  @Test
  void a_source_that_falls_silent_is_opened_anew() {
    Stage stage = withoutMesh().fault(live -> live.take(7).concatWith(Flux.never())).start();
    List<Long> heard = stage.listenLive();

    stage.record(30);

    stage.assertWhole(heard, 0);
  }

  @Test
  void what_is_fetched_counts_only_when_it_is_whole() {
    Stage stage =
        withoutMesh()
            .fault(live -> live.filter(event -> event.version() > 5))
            .fault(live -> live.take(2))
            .start();
    List<Long> heard = stage.listenLive();

    stage.record(30);

    stage.assertWhole(heard, 0);
  }

  @Test
  void an_entry_that_redis_lacks_is_fetched() {
    Stage stage = withMesh().start();
    awaitSource(stage, FeedReader.Source.MESH);
    List<Long> heard = stage.listenLive();

    stage.record(30);
    relay(stage.log.after(0).stream().filter(event -> event.version() % 3 != 1).toList());

    stage.assertWhole(heard, 0);
  }

  @Test
  void an_entry_that_cannot_be_read_is_fetched() {
    Stage stage = withMesh().start();
    awaitSource(stage, FeedReader.Source.MESH);
    List<Long> heard = stage.listenLive();

    stage.record(3);
    for (RecordedEvent event : stage.log.after(0)) {
      relay(event, "garbage".getBytes(StandardCharsets.UTF_8));
    }

    stage.assertWhole(heard, 0);
  }

  @Test
  void a_redis_that_stands_still_is_left_until_it_has_caught_up() {
    Stage stage = withMesh().start();
    awaitSource(stage, FeedReader.Source.MESH);
    List<Long> heard = stage.listenLive();
    stage.record(3);
    relay(stage.log.after(0));
    stage.assertWhole(heard, 0);

    long last = stage.log.head();
    stage.record(10);
    stage.assertWhole(heard, 0);
    assertThat(stage.reader.source()).isEqualTo(FeedReader.Source.STORE);

    relay(stage.log.after(last));
    awaitSource(stage, FeedReader.Source.MESH);
    last = stage.log.head();
    stage.record(10);
    relay(stage.log.after(last));
    stage.assertWhole(heard, 0);
  }

  @Test
  void a_redis_that_is_wiped_and_written_again_shows_nothing() {
    Stage stage = withMesh().start();
    awaitSource(stage, FeedReader.Source.MESH);
    List<Long> heard = stage.listenLive();
    stage.record(20);
    relay(stage.log.after(0));
    stage.assertWhole(heard, 0);

    relay.commands().flushall();
    stage.record(20);
    relay(stage.log.after(stage.log.positions("acme", 0).get(10)));

    stage.assertWhole(heard, 0);
  }

  @Test
  void a_redis_that_goes_and_comes_back_empty_shows_nothing() {
    Stage stage = withMesh().start();
    awaitSource(stage, FeedReader.Source.MESH);
    List<Long> heard = stage.listenLive();
    stage.record(20);
    relay(stage.log.after(0));
    stage.assertWhole(heard, 0);

    redis.stop();
    stage.record(20);
    awaitSource(stage, FeedReader.Source.STORE);
    stage.assertWhole(heard, 0);

    redis.start();
    stage.record(20);
    relay(stage.log.after(0));
    awaitSource(stage, FeedReader.Source.MESH);
    long last = stage.log.head();
    stage.record(20);
    relay(stage.log.after(last));
    stage.assertWhole(heard, 0);
  }

  @Test
  void a_redis_that_is_ahead_of_a_restored_store_is_not_read_until_it_is_written_anew() {
    Stage stage = withMesh();
    stage.record(3);
    var lost = new EventLog();
    for (int i = 0; i < 6; i++) {
      lost.record("acme", "lost", "agent.updated", Map.of());
    }
    relay(lost.after(0));
    stage.start();
    awaitSource(stage, FeedReader.Source.STORE);
    long start = stage.log.head();
    List<Long> heard = stage.listenLive();

    relay.commands().del(EventMesh.STREAM);
    relay(stage.log.after(0));
    awaitSource(stage, FeedReader.Source.MESH);
    stage.record(10);
    relay(stage.log.after(start));

    stage.assertWhole(heard, start);
  }
}
