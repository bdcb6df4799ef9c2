package dev.skreaver.query.projection;

import dev.skreaver.api.event.EventFormat;
import dev.skreaver.query.projection.Registry.Entry;
import dev.skreaver.query.projection.Registry.Token;
import dev.skreaver.query.tail.EventTail;
import io.r2dbc.spi.R2dbcException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes this instance run what the registry says: a projector for each generation that serves or is
 * being built. Whichever instance first sees that a new generation has caught up lets it serve.
 */
final class ProjectionEngine implements AutoCloseable {
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration LOOK_WHILE_BUILDING = Duration.ofMillis(100);

  /** Nearer than this, a building generation is worth holding the live one up for. */
  private static final long NEARLY = 5_000;

  private static final Duration TIDYING = Duration.ofSeconds(10);
  private static final Duration HOLD_UP = Duration.ofMillis(500);
  private static final Logger log = LoggerFactory.getLogger(ProjectionEngine.class);

  private final Map<String, Projection<?>> projections;
  private final Map<String, BatchWriter<?>> writers = new ConcurrentHashMap<>();
  private final Map<Generation, ReplayRate> rates = new ConcurrentHashMap<>();
  private final EventTail tail;
  private final Registry registry;
  private final Positions positions;
  private final Instances instances;
  private final Projectors projectors;
  private final Semaphore wake = new Semaphore(0);
  private volatile Map<String, Entry> entries = Map.of();
  private volatile @Nullable String trouble = "the projections are starting";
  private String logged = "";
  private volatile boolean closed;
  private boolean ensured;
  private long tidied = System.nanoTime();
  private @Nullable Thread thread;

  ProjectionEngine(
      Map<String, Projection<?>> projections,
      EventFormat format,
      EventTail tail,
      Registry registry,
      Positions positions,
      Instances instances,
      Projectors projectors) {
    this.projections = projections;
    this.tail = tail;
    this.registry = registry;
    this.positions = positions;
    this.instances = instances;
    this.projectors = projectors;
    projections.forEach(
        (name, projection) -> writers.put(name, new BatchWriter<>(projection, format)));
    projections.keySet().forEach(positions::register);
  }

  void start() {
    positions.onOwnAdvance(instances::advanced);
    thread = Thread.ofVirtual().name("projections").start(this::run);
  }

  /** Looks at the registry soon. */
  void look() {
    wake.release();
  }

  /** Makes every instance look at the registry soon. */
  void registryChanged() {
    instances.registryChanged();
    look();
  }

  /** What was read of the registry last, by projection. */
  Map<String, Entry> entries() {
    return entries;
  }

  /** Why the registry cannot be followed, if so. */
  @Nullable String trouble() {
    return trouble;
  }

  Map<String, Projection<?>> projections() {
    return projections;
  }

  BatchWriter<?> writer(String projection) {
    BatchWriter<?> writer = writers.get(projection);
    if (writer == null) {
      throw new IllegalStateException("this release has no projection " + projection);
    }
    return writer;
  }

  double eventsPerSecond(Generation building) {
    ReplayRate rate = rates.get(building);
    return rate == null ? 0 : rate.eventsPerSecond();
  }

  @Override
  public void close() {
    closed = true;
    Thread running = thread;
    if (running != null) {
      running.interrupt();
      try {
        running.join(Duration.ofSeconds(10));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    projectors.running().forEach(projectors::stop);
    instances.close();
  }

  private void run() {
    try {
      tail.started().block();
      while (!closed) {
        wake.drainPermits();
        boolean building = attempt();
        Duration pause = building ? LOOK_WHILE_BUILDING : LOOK;
        wake.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      if (!closed) {
        throw e;
      }
    }
  }

  private boolean attempt() {
    try {
      return tick();
    } catch (RuntimeException e) {
      if (!closed) {
        String reason = String.valueOf(e.getMessage());
        if (trouble == null || !reason.equals(logged)) {
          log.warn("The projections cannot be followed and are tried again: {}", reason, e);
        }
        logged = reason;
        // Anyone may see it: what the driver says, of addresses and users, is for the log.
        trouble = e instanceof R2dbcException ? "the read model cannot be reached" : reason;
      }
      return false;
    }
  }

  private boolean tick() {
    if (!ensured) {
      long archived = Objects.requireNonNull(tail.archived().block());
      projections.values().forEach(projection -> registry.ensure(projection, archived));
      instances.start();
      ensured = true;
    }
    int epoch = positions.epoch();
    Map<String, Entry> read = registry.read(projections.values());
    boolean building = false;
    for (Projection<?> projection : projections.values()) {
      Entry entry = read.get(projection.name());
      if (entry != null) {
        follow(projection, entry, epoch);
        building |= entry.building() != null;
      }
    }
    if (System.nanoTime() - tidied > TIDYING.toNanos()) {
      projections.values().forEach(registry::used);
      projections.values().forEach(registry::dropUnused);
      tidied = System.nanoTime();
    }
    entries = read;
    trouble = null;
    return building;
  }

  private void follow(Projection<?> projection, Entry entry, int epoch) {
    var wanted = new HashSet<Generation>();
    Generation liveGeneration = entry.liveGeneration();
    Progress live = liveGeneration == null ? null : open(entry, liveGeneration, epoch, wanted);
    ServingPosition serving = positions.serving(projection.name());
    if (live != null && serving.serving() != live) {
      serving.serve(live);
    }
    Generation building = entry.buildingGeneration();
    Progress next = building == null ? null : open(entry, building, epoch, wanted);
    run(projection, liveGeneration, entry.pace(), wanted);
    if (liveGeneration != null) {
      projectors.serves(liveGeneration);
    }
    if (next == null) {
      rates.keySet().removeIf(old -> old.projection().equals(projection.name()));
      registry.dropRetired(projection);
    } else {
      projectors.pace(next.generation(), entry.pace());
      follow(next, entry.pace());
      letServe(projection, live, next, entry.pace());
    }
  }

  private void follow(Progress next, Rebuild.Pace pace) {
    ReplayRate rate = rates.computeIfAbsent(next.generation(), generation -> new ReplayRate());
    long now = System.nanoTime();
    rate.sample(now, next.position());
    if (rate.isToBeTold(now)) {
      long head = tail.head();
      long left = Math.max(0, head - next.position());
      double perSecond = rate.eventsPerSecond();
      log.info(
          "Generation {} is being built: at {} of {}, {} events/s, {}",
          next.generation(),
          next.position(),
          head,
          Math.round(perSecond),
          pace.paused()
              ? "paused"
              : perSecond > 0 ? Math.round(left / perSecond) + " s left" : "time left unknown");
    }
  }

  private Progress open(Entry entry, Generation generation, int epoch, Set<Generation> wanted) {
    List<Token> tokens = entry.tokens(generation.number());
    Progress progress = positions.open(generation, tokens.size());
    tokens.forEach(token -> progress.learned(epoch, token.segment(), token.position()));
    wanted.add(generation);
    return progress;
  }

  private void run(
      Projection<?> projection,
      @Nullable Generation live,
      Rebuild.Pace pace,
      Set<Generation> wanted) {
    for (Generation generation : projectors.running()) {
      if (generation.projection().equals(projection.name()) && !wanted.contains(generation)) {
        projectors.stop(generation);
        positions.close(generation);
      }
    }
    for (Generation generation : wanted) {
      if (!projectors.running().contains(generation)) {
        projectors.start(
            projection,
            positions.get(generation),
            writer(projection.name()),
            generation.equals(live)
                ? null
                : new Rebuild(pace, () -> registry.index(projection, generation)));
      }
    }
  }

  /** How far behind it may be so that it catches up while it holds the live one up. */
  private static long reach(Rebuild.Pace pace) {
    Integer limit = pace.eventsPerSecond();
    return limit == null
        ? NEARLY
        : Math.min(NEARLY, limit * HOLD_UP.toMillis() / 2 / Duration.ofSeconds(1).toMillis());
  }

  private void letServe(
      Projection<?> projection, @Nullable Progress live, Progress next, Rebuild.Pace pace) {
    long wanted = live == null ? tail.head() : live.position();
    if (pace.paused() || next.position() + reach(pace) < wanted) {
      return;
    }
    if (!registry.indexed(projection, next.generation())) {
      return;
    }
    boolean served =
        registry.serve(
            projection,
            live == null ? null : live.generation(),
            next.generation(),
            reached -> awaits(next, reached.length == 0 ? new long[] {wanted} : reached));
    if (served) {
      log.info("Projection {} is served by generation {}", projection.name(), next.generation());
      registryChanged();
    }
  }

  private static boolean awaits(Progress next, long[] reached) {
    long end = System.nanoTime() + HOLD_UP.toNanos();
    while (!next.covers(reached)) {
      if (System.nanoTime() - end >= 0) {
        return false;
      }
      try {
        Thread.sleep(Duration.ofMillis(2));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }
}
