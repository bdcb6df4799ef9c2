package dev.skreaver.gateway.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.gateway.websocket.EventLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The streams of a gateway without its edge, in front of a query service that can misbehave. */
final class Stage implements EventQueries, AutoCloseable {
  static final Duration LIMIT = Duration.ofSeconds(60);
  static final TenantId TENANT = new TenantId("acme");

  final EventLog log = new EventLog();
  final Feed feed;
  final FeedReader reader;
  final EventStreams streams;
  private final HistoryPages pages = new HistoryPages(this);
  private final Queue<UnaryOperator<Flux<RecordedEvent>>> faults = new ConcurrentLinkedQueue<>();
  private final List<Disposable> open = new ArrayList<>();
  private final @Nullable MeshSource mesh;

  Stage(StreamSettings settings, @Nullable MeshSource mesh) {
    this.mesh = mesh;
    feed = new Feed(settings);
    reader = new FeedReader(feed, this, mesh);
    streams = new EventStreams(feed, this, pages, settings);
  }

  /** What the next live stream does to its events. */
  Stage fault(UnaryOperator<Flux<RecordedEvent>> next) {
    faults.add(next);
    return this;
  }

  Stage start() {
    reader.start();
    feed.begun().block(LIMIT);
    return this;
  }

  long record() {
    return log.record(TENANT.value(), "a", "agent.updated", Map.of());
  }

  void record(int count) {
    for (int i = 0; i < count; i++) {
      record();
    }
  }

  /** The positions that come out of a stream; they grow. */
  List<Long> listen(@Nullable Long after) {
    var heard = new CopyOnWriteArrayList<Long>();
    open.add(
        streams
            .open(TENANT, null, after)
            .ofType(StreamItem.Event.class)
            .subscribe(item -> heard.add(item.event().position())));
    return heard;
  }

  /** Listens to what comes from now on. */
  List<Long> listenLive() {
    int before = feed.streams();
    List<Long> heard = listen(null);
    await().atMost(LIMIT).until(() -> feed.streams() > before);
    return heard;
  }

  /** Waits until as many were heard as there are, and tells whether they are the same. */
  void assertWhole(List<Long> heard, long after) {
    List<Long> all = log.positions(TENANT.value(), after);
    await().atMost(LIMIT).until(() -> heard.size() >= all.size());
    assertThat(heard).isEqualTo(all);
  }

  @Override
  public Flux<RecordedEvent> live(long after) {
    UnaryOperator<Flux<RecordedEvent>> fault = faults.poll();
    return fault == null ? log.live(after) : fault.apply(log.live(after));
  }

  @Override
  public Mono<History> history(After query) {
    return log.history(query);
  }

  @Override
  public Mono<Page> search(Search query) {
    return log.search(query);
  }

  @Override
  public Mono<Bounds> bounds() {
    return log.bounds();
  }

  @Override
  public void close() {
    open.forEach(Disposable::dispose);
    if (reader.isRunning()) {
      reader.stop();
    }
    pages.close();
    feed.close();
    if (mesh != null) {
      mesh.close();
    }
  }
}
