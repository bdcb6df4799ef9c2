package dev.skreaver.query.projection;

import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.postgres.Session;
import dev.skreaver.query.tail.EventTail;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one generation further, in the segments that this instance owns. One thread reads the tail
 * once for all of them. What is new is written in one transaction while it is little, and by
 * segment in parallel where there is much to catch up with; more gathers meanwhile.
 */
final class Projector implements AutoCloseable {
  /** So many events are one transaction, whatever segments they belong to. */
  private static final int TOGETHER = 500;

  private static final Duration SHARING = Duration.ofSeconds(1);
  private static final Duration STOPPING = Duration.ofSeconds(15);
  private static final Logger log = LoggerFactory.getLogger(Projector.class);

  private final EventTail tail;
  private final Progress progress;
  private final BatchWriter<?> writer;
  private final SegmentTokens tokens;
  private final ConnectionFactory readModel;
  private final Instances instances;
  private final PagesAhead pages;
  private final Map<Integer, Segment> segments = new TreeMap<>();
  private final Semaphore wake = new Semaphore(0);
  private final Runnable onEvents = wake::release;
  private final ExecutorService parallel =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("segment-", 0).factory());

  /** Sequences that may have dead letters: all that have, and some that had. */
  private Set<String> waiting = Set.of();

  private volatile boolean waitingChanged = true;
  private volatile boolean lost = true;
  private volatile boolean closed;
  private @Nullable String trouble;
  private long shared;
  private @Nullable Thread thread;

  Projector(
      EventTail tail,
      Progress progress,
      BatchWriter<?> writer,
      SegmentTokens tokens,
      ConnectionFactory readModel,
      Instances instances) {
    this.tail = tail;
    this.progress = progress;
    this.writer = writer;
    this.tokens = tokens;
    this.readModel = readModel;
    this.instances = instances;
    this.pages = new PagesAhead(tail);
  }

  void start() {
    tail.register(onEvents);
    thread = Thread.ofVirtual().name("projector-" + progress.generation()).start(this::run);
  }

  @Override
  public void close() {
    closed = true;
    wake.release();
    tail.unregister(onEvents);
    Thread running = thread;
    try {
      if (running != null && !running.join(STOPPING)) {
        log.warn("The projector of {} does not stop; it is interrupted", progress.generation());
        running.interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    parallel.shutdownNow();
  }

  private void run() {
    try {
      while (!closed) {
        wake.drainPermits();
        long pause = attempt();
        if (pause > 0) {
          wake.tryAcquire(pause, TimeUnit.NANOSECONDS);
        }
      }
      tokens.releaseAll();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.info("The segments of {} are not released: {}", progress.generation(), e.getMessage());
    }
  }

  /**
   * @return how long to wait for events, in nanoseconds
   */
  private long attempt() {
    try {
      long pause = round();
      trouble = null;
      return pause;
    } catch (RuntimeException e) {
      lost = true;
      String reason = String.valueOf(e.getMessage());
      if (!closed && !reason.equals(trouble)) {
        log.warn("{} cannot go on and is tried again: {}", progress.generation(), reason);
      }
      trouble = reason;
      return SHARING.toNanos();
    }
  }

  private long round() {
    long now = System.nanoTime();
    if (lost || now - shared >= SHARING.toNanos()) {
      share();
      shared = now;
    }
    if (waitingChanged) {
      waiting = Session.inTransaction(readModel, this::waiting);
      waitingChanged = false;
    }
    long head = tail.head();
    boolean more = false;
    for (List<Segment> group : groups(now)) {
      more |= step(group, head);
    }
    return more || lost ? 0 : untilNext(System.nanoTime());
  }

  private Set<String> waiting(Session session) {
    return writer.setsAside() ? DeadLetters.sequences(session, progress.generation()) : Set.of();
  }

  private void share() {
    boolean forgotten = lost;
    lost = false;
    List<SegmentTokens.Token> all = tokens.share(instances.share(progress.segments()));
    if (forgotten) {
      segments.clear();
    }
    for (SegmentTokens.Token token : all) {
      if (!token.own()) {
        segments.remove(token.segment());
      } else if (!segments.containsKey(token.segment())) {
        segments.put(token.segment(), new Segment(token.segment(), token.position()));
        waitingChanged = true;
      }
      progress.learned(token.segment(), token.position());
    }
    segments.keySet().removeIf(number -> all.stream().noneMatch(t -> t.segment() == number));
    // A sequence that was retried is handled fast again.
    waitingChanged |= !waiting.isEmpty();
  }

  /** Segments at the same position, furthest first; without those that pause after a failure. */
  private Collection<List<Segment>> groups(long now) {
    return segments.values().stream()
        .filter(segment -> segment.pause(now) <= 0)
        .collect(
            Collectors.groupingBy(
                Segment::position,
                () -> new TreeMap<>(Comparator.reverseOrder()),
                Collectors.toList()))
        .values();
  }

  private long untilNext(long now) {
    long next = shared + SHARING.toNanos() - now;
    for (Segment segment : segments.values()) {
      long pause = segment.pause(now);
      next = pause > 0 ? Math.min(next, pause) : next;
    }
    return Math.max(1, next);
  }

  /**
   * Handles the next page for segments at the same position, but nothing beyond the head that all
   * segments stop at: so those that were behind meet the others there.
   *
   * @return whether there is more to come
   */
  private boolean step(List<Segment> group, long head) {
    long from = group.getFirst().position();
    List<RecordedEvent> page = from >= head ? List.of() : pages.after(from, head);
    if (page.isEmpty()) {
      return false;
    }
    long to = page.getLast().position();
    handle(parts(group, page), to);
    return to < head;
  }

  /** What a segment has to handle of a page. */
  private record Part(Segment segment, List<RecordedEvent> events) {}

  private List<Part> parts(List<Segment> group, List<RecordedEvent> page) {
    var parts = new TreeMap<Integer, Part>();
    group.forEach(segment -> parts.put(segment.number(), new Part(segment, new ArrayList<>())));
    for (RecordedEvent event : page) {
      Part part = parts.get(Segment.of(DeadLetters.sequence(event), progress.segments()));
      if (part != null) {
        part.events.add(event);
      }
    }
    return List.copyOf(parts.values());
  }

  private void handle(List<Part> parts, long to) {
    Map<Boolean, List<Part>> free =
        parts.stream().collect(Collectors.partitioningBy(this::mayBeFree));
    for (Part part : free.getOrDefault(false, List.of())) {
      carefully(part, to);
    }
    List<Part> fast = free.getOrDefault(true, List.of());
    int events = fast.stream().mapToInt(part -> part.events.size()).sum();
    if (events == 0) {
      passed(fast, to);
    } else if (events <= TOGETHER) {
      together(fast, to);
    } else {
      inParallel(fast, to);
    }
  }

  /** Only this projector sets its segments' events aside, so no others can have dead letters. */
  private boolean mayBeFree(Part part) {
    return waiting.isEmpty()
        || part.events.stream().noneMatch(event -> waiting.contains(DeadLetters.sequence(event)));
  }

  private void passed(List<Part> parts, long to) {
    parts.forEach(part -> part.segment.passed(to));
    progress.advanced(numbers(parts), to);
  }

  private void inParallel(List<Part> parts, long to) {
    var tasks = new ArrayList<Callable<Boolean>>();
    for (Part part : parts) {
      tasks.add(
          () -> {
            together(List.of(part), to);
            return true;
          });
    }
    try {
      for (var done : parallel.invokeAll(tasks)) {
        done.get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  /** All of it in one transaction; where an event spoils that, each segment by itself. */
  private void together(List<Part> parts, long to) {
    List<Segment> all = parts.stream().map(Part::segment).toList();
    List<RecordedEvent> events = inOrder(parts);
    if (events.isEmpty()) {
      passed(parts, to);
      return;
    }
    try {
      writer.writeAll(
          readModel,
          progress.generation(),
          events,
          connection -> tokens.advance(connection, all, to));
    } catch (RuntimeException e) {
      if (BatchWriter.blamesEvents(e)) {
        parts.forEach(part -> carefully(part, to));
      } else {
        failed(parts, e);
      }
      return;
    }
    all.forEach(segment -> segment.committed(to));
    progress.advanced(numbers(parts), to);
  }

  private static List<RecordedEvent> inOrder(List<Part> parts) {
    return parts.size() == 1
        ? parts.getFirst().events
        : parts.stream()
            .flatMap(part -> part.events.stream())
            .sorted(Comparator.comparingLong(RecordedEvent::position))
            .toList();
  }

  private void carefully(Part part, long to) {
    try {
      Session.inTransaction(
          readModel,
          session -> {
            writer.write(session, progress.generation(), part.events);
            session.run(tokens.advance(session.connection(), List.of(part.segment), to));
            return true;
          });
    } catch (RuntimeException e) {
      failed(List.of(part), e);
      return;
    } finally {
      waitingChanged = true;
    }
    part.segment.committed(to);
    progress.advanced(numbers(List.of(part)), to);
  }

  private void failed(List<Part> parts, RuntimeException failure) {
    if (SegmentTokens.lost(failure)) {
      lost = true;
      return;
    }
    parts.forEach(part -> part.segment.failed(System.nanoTime()));
    tokens.failed(
        parts.stream().map(Part::segment).toList(),
        "after position %d: %s"
            .formatted(parts.getFirst().segment.position(), failure.getMessage()));
  }

  private static int[] numbers(List<Part> parts) {
    return parts.stream().mapToInt(part -> part.segment.number()).toArray();
  }
}
