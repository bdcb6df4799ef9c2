package dev.skreaver.command.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.EventMesh;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.event.Upcast;
import dev.skreaver.command.store.SubjectKeys;
import dev.skreaver.embedded.RedisServer;
import dev.skreaver.platform.RedisAddress;
import dev.skreaver.platform.mesh.MeshConnection;
import io.lettuce.core.Range;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.mock.env.MockEnvironment;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@ExtendWith(OutputCaptureExtension.class)
class RelayTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static RedisServer redis;
  private static MeshConnection reader;

  private final Store store = Store.fresh();
  private final List<Relay> relays = new ArrayList<>();
  private final List<MeshConnection> connections = new ArrayList<>();

  @BeforeAll
  static void startRedis() {
    redis = RedisServer.throwAway();
    reader = new MeshConnection(address(), "test");
    // The first connection of a JVM takes longer than any later one may.
    await().atMost(LIMIT).ignoreExceptions().until(() -> reader.commands().ping().equals("PONG"));
  }

  @AfterAll
  static void stopRedis() {
    reader.close();
    redis.close();
  }

  @BeforeEach
  void wipeRedis() {
    reader.commands().configSet("maxmemory-policy", "noeviction");
    reader.commands().flushall();
  }

  @AfterEach
  void stopRelays() {
    relays.forEach(Relay::stop);
    connections.forEach(MeshConnection::close);
  }

  @Test
  void events_reach_redis_in_order_without_a_hole_or_a_repeat() {
    store.append(700);
    startRelay();
    try (var writers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int writer = 0; writer < 3; writer++) {
        writers.execute(() -> appendOneByOne(100));
      }
    }

    awaitAllEvents();
    assertThat(stream()).hasSize(1000);
  }

  @Test
  void a_lost_signal_delays_an_event_and_loses_none() {
    startRelay();
    store.append(1);
    awaitAllEvents();

    store.appendWithoutSignal(1);

    awaitAllEvents();
  }

  @Test
  void a_hole_in_the_positions_means_nothing() {
    startRelay();
    store.leaveAHole();
    store.append(1);
    store.leaveAHole();
    store.append(1);

    awaitAllEvents();
    assertThat(stream()).hasSize(2);
  }

  @Test
  void a_relay_goes_on_where_redis_ends() {
    Relay first = startRelay();
    store.append(5);
    awaitAllEvents();
    first.stop();
    store.append(5);

    startRelay();

    awaitAllEvents();
    assertThat(stream()).hasSize(10);
  }

  @Test
  void a_redis_wiped_under_traffic_is_filled_again() throws Exception {
    startRelay(new RelaySettings(100_000, 200));
    var traffic = new AtomicBoolean(true);
    Thread writer = Thread.ofVirtual().start(() -> appendWhile(traffic));
    try {
      for (int wipe = 0; wipe < 10; wipe++) {
        long seen = relays.getFirst().status().position();
        reader.commands().flushall();
        await().atMost(LIMIT).until(() -> relays.getFirst().status().position() > seen);
      }
    } finally {
      traffic.set(false);
      writer.join();
    }

    awaitAllEvents();
  }

  @Test
  void a_redis_wiped_while_nothing_happens_is_filled_again() {
    startRelay();
    store.append(3);
    awaitAllEvents();

    reader.commands().flushall();

    awaitAllEvents();
    assertThat(stream()).hasSize(3);
  }

  @Test
  void only_the_last_events_are_written_into_an_empty_redis() {
    store.append(300);

    startRelay(new RelaySettings(1000, 120));

    awaitAllEvents();
    assertThat(stream()).hasSize(120);
  }

  @Test
  void a_redis_that_comes_back_empty_is_filled_again() {
    startRelay();
    store.append(5);
    awaitAllEvents();

    redis.stop();
    store.append(5);
    awaitDisconnected();
    redis.start();

    awaitAllEvents();
    assertThat(stream()).hasSize(10);
  }

  @Test
  void a_redis_that_comes_back_with_an_old_dump_gets_what_it_lacks() {
    startRelay();
    store.append(5);
    awaitAllEvents();
    reader.commands().save();
    store.append(5);
    awaitAllEvents();

    redis.stop();
    store.append(5);
    awaitDisconnected();
    redis.start();

    assertThat(stream()).hasSizeGreaterThanOrEqualTo(5);
    awaitAllEvents();
    assertThat(stream()).hasSize(15);
  }

  @Test
  void a_dump_that_is_older_than_what_redis_keeps_is_given_up() {
    Relay first = startRelay(new RelaySettings(100, 50));
    store.append(5);
    awaitAllEvents();
    first.stop();
    store.append(300);

    startRelay(new RelaySettings(100, 50));

    awaitAllEvents();
    assertThat(stream()).hasSize(50);
  }

  @Test
  void a_redis_that_is_ahead_of_a_restored_database_is_written_anew(CapturedOutput output) {
    Relay first = startRelay();
    store.append(20);
    awaitAllEvents();
    first.stop();
    Store restored = Store.fresh();
    restored.append(8);

    startRelay(restored, new RelaySettings(1000, 1000));

    awaitAllEvents(restored);
    assertThat(output).contains("was the database restored from a backup?");
  }

  @Test
  void a_redis_with_another_history_is_written_anew() {
    Relay first = startRelay();
    store.append(5);
    awaitAllEvents();
    first.stop();
    Store restored = Store.fresh();
    restored.append(20);

    startRelay(restored, new RelaySettings(1000, 1000));

    await()
        .atMost(LIMIT)
        .untilAsserted(() -> assertThat(positions()).isEqualTo(restored.positions()));
  }

  @Test
  void an_entry_that_somebody_else_wrote_does_not_stop_the_relay() {
    startRelay();
    store.append(3);
    awaitAllEvents();

    reader.commands().xadd(EventMesh.STREAM, Map.of("x", new byte[] {1}));

    store.append(3);
    awaitAllEvents();
  }

  @Test
  void a_standby_takes_over_when_the_leader_dies() {
    Relay leader = startRelay();
    await().atMost(LIMIT).until(() -> leader.status().leading());
    Relay standby = startRelay();
    store.append(5);
    awaitAllEvents();
    assertThat(standby.status().leading()).isFalse();

    leader.stop();
    store.append(5);

    await().atMost(LIMIT).until(() -> standby.status().leading());
    awaitAllEvents();
  }

  @Test
  void a_leader_that_cannot_reach_redis_leaves_it_to_one_that_can() {
    RedisAddress nowhere = address("redis://127.0.0.1:1");
    Relay cutOff =
        startRelay(store, nowhere, new RelaySettings(100_000, 10_000), EventFormat.instance());
    await().atMost(LIMIT).until(() -> cutOff.status().leading());

    Relay other = startRelay();
    store.append(5);

    await().atMost(LIMIT.multipliedBy(2)).until(() -> other.status().leading());
    awaitAllEvents();
  }

  @Test
  void a_cut_connection_to_the_database_ends_the_leadership_and_nothing_else() {
    startRelay();
    startRelay();
    for (int round = 0; round < 3; round++) {
      store.append(5);
      awaitAllEvents();
      store.killLeader();
      store.append(5);
      awaitAllEvents();
    }
    assertThat(stream()).hasSize(30);
  }

  @Test
  void a_redis_that_may_evict_events_is_warned_about(CapturedOutput output) {
    reader.commands().configSet("maxmemory-policy", "allkeys-lru");
    startRelay();

    await().atMost(LIMIT).until(() -> output.getOut().contains("maxmemory-policy allkeys-lru"));
  }

  @Test
  void the_lag_is_known_while_redis_is_gone() {
    Relay relay = startRelay();
    store.append(5);
    awaitAllEvents();

    redis.stop();
    try {
      store.append(5);
      await().atMost(LIMIT).until(() -> !relay.status().connected() && relay.status().lag() == 5);
    } finally {
      redis.start();
    }
    await().atMost(LIMIT).until(() -> relay.status().lag() == 0);
  }

  @Test
  void events_of_other_releases_are_relayed_one_for_each_position() {
    var format =
        new EventFormat(
            List.of(
                Upcast.of("agent.halted", 1)
                    .to("agent.paused", 1, Upcast.rename("cause", "reason")),
                Upcast.of("agent.crashed", 1)
                    .split(
                        Upcast.part("agent.error", 1, Upcast.byDefault("recoverable", false)),
                        Upcast.part("agent.stopped", 1, Upcast.rename("error", "reason"))),
                Upcast.of("agent.blinked", 1).dropped()));
    store.append("agent.halted", "cause");
    store.append("agent.crashed", "error");
    store.append("agent.blinked", "reason");
    store.append("agent.of_tomorrow", "reason");
    store.append(1);
    startRelay(store, new RelaySettings(100_000, 10_000), format);

    awaitAllEvents();
    assertThat(stream())
        .extracting(RecordedEvent::type)
        .containsExactly(
            "agent.paused", "agent.crashed", "agent.blinked", "agent.of_tomorrow", "agent.paused");
    assertThat(stream().getFirst().data().path("reason").asString()).isEqualTo("1");
    assertThat(stream().get(1).data().path("error").asString()).isEqualTo("1");
  }

  private Relay startRelay() {
    return startRelay(new RelaySettings(100_000, 10_000));
  }

  private Relay startRelay(RelaySettings settings) {
    return startRelay(store, settings);
  }

  private Relay startRelay(Store of, RelaySettings settings) {
    return startRelay(of, settings, EventFormat.instance());
  }

  private Relay startRelay(Store of, RelaySettings settings, EventFormat format) {
    return startRelay(of, address(), settings, format);
  }

  private Relay startRelay(
      Store of, RedisAddress address, RelaySettings settings, EventFormat format) {
    var connection = new MeshConnection(address, "relay");
    connections.add(connection);
    var relay =
        new Relay(
            of.source(),
            format,
            new MeshStream(connection, settings.maxLength()),
            new SubjectKeys(of.source()),
            settings);
    relays.add(relay);
    relay.start();
    return relay;
  }

  private void awaitDisconnected() {
    await().atMost(LIMIT).until(() -> relays.stream().noneMatch(r -> r.status().connected()));
  }

  private void awaitAllEvents() {
    awaitAllEvents(store);
  }

  /** Waits until Redis ends where the store does, with no hole and no repeat before. */
  private static void awaitAllEvents(Store expected) {
    List<Long> all = expected.positions();
    await()
        .atMost(LIMIT)
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(positions()).isNotEmpty().endsWith(all.getLast()));
    List<RecordedEvent> entries = stream();
    assertThat(all).endsWith(entries.stream().map(RecordedEvent::position).toArray(Long[]::new));
    for (int i = 1; i < entries.size(); i++) {
      assertThat(entries.get(i).previous()).isEqualTo(entries.get(i - 1).position());
    }
  }

  private static List<Long> positions() {
    return stream().stream().map(RecordedEvent::position).toList();
  }

  private static List<RecordedEvent> stream() {
    return reader.commands().xrange(EventMesh.STREAM, Range.unbounded()).stream()
        .map(
            entry -> {
              RecordedEvent event =
                  EventMesh.read(Objects.requireNonNull(entry.getBody().get(EventMesh.FIELD)));
              assertThat(entry.getId()).isEqualTo(EventMesh.id(event.position()));
              return event;
            })
        .toList();
  }

  private void appendOneByOne(int events) {
    for (int i = 0; i < events; i++) {
      store.append(1);
    }
  }

  private void appendWhile(AtomicBoolean traffic) {
    while (traffic.get()) {
      store.append(7);
    }
  }

  private static RedisAddress address() {
    return address(redis.url());
  }

  private static RedisAddress address(String url) {
    return RedisAddress.from(new MockEnvironment().withProperty("REDIS_URL", url));
  }
}
