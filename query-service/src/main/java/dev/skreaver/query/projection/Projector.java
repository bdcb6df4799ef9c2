package dev.skreaver.query.projection;

import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.postgres.Session;
import dev.skreaver.query.tail.EventTail;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import java.time.Duration;
import java.util.ArrayList;
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
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
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

  /** So near to the head, a generation that is built is nearly complete. */
  private static final long NEARLY = 5_000;

  private static final Duration SHARING = Duration.ofSeconds(1);
  private static final Duration STOPPING = Duration.ofSeconds(15);
  private static final Logger log = LoggerFactory.getLogger(Projector.class);

  private final EventTail tail;
  private final Positions positions;
  private final Progress progress;
  private final BatchWriter<?> writer;
  private final @Nullable Rebuild rebuild;
  private final SegmentTokens tokens;
  private final ConnectionFactory readModel;
  private final ConnectionFactory dedicated;
  private final IntSupplier share;
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
  private @Nullable Session own;
  private @Nullable String trouble;
  private volatile long committed = System.nanoTime();
  private long shared;
  private long notBefore = System.nanoTime();
  private int epoch = -1;
  private @Nullable Thread thread;

  Projector(
      EventTail tail,
      Positions positions,
      Progress progress,
      BatchWriter<?> writer,
      @Nullable Rebuild rebuild,
      SegmentTokens tokens,
      ConnectionFactory readModel,
      ConnectionFactory dedicated,
      IntSupplier share) {
    this.tail = tail;
    this.positions = positions;
    this.progress = progress;
    this.writer = writer;
    this.rebuild = rebuild;
    this.tokens = tokens;
    this.readModel = readModel;
    this.dedicated = dedicated;
    this.share = share;
    this.pages = new PagesAhead(tail);
  }

  @Nullable Rebuild rebuild() {
    return rebuild;
  }

  void start() {
    tail.register(onEvents);
    if (rebuild != null) {
      rebuild.onChange(onEvents);
    }
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
      discardOwn();
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
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
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
    lost |= epoch != positions.epoch();
    if (lost || now - shared >= SHARING.toNanos()) {
      if (mustShare(now)) {
        share();
      }
      shared = now;
    }
    if (waitingChanged) {
      waiting = Session.inTransaction(readModel, this::waiting);
      waitingChanged = false;
    }
    if (rebuild != null && rebuild.paused()) {
      return untilNext(System.nanoTime());
    }
    long head = tail.head();
    List<List<Segment>> groups = groups(now);
    boolean building = rebuild != null && !rebuild.over();
    boolean more = building ? gather(groups, head) : furthestFirst(groups, head);
    if (rebuild != null && !segments.isEmpty() && progress.position() + NEARLY >= head) {
      rebuild.nearlyDone();
    }
    long again = System.nanoTime();
    if (notBefore - again > 0) {
      return Math.min(notBefore - again, untilNext(again));
    }
    return more || lost ? 0 : untilNext(again);
  }

  private Set<String> waiting(Session session) {
    return writer.setsAside() ? DeadLetters.sequences(session, progress.generation()) : Set.of();
  }

  /**
   * Whoever has its share and commits knows that it owns what it writes: it need not ask, which
   * would hold events up.
   */
  private boolean mustShare(long now) {
    return lost
        || segments.size() != Math.min(share.getAsInt(), progress.segments())
        || !waiting.isEmpty()
        || now - committed >= SHARING.toNanos();
  }

  private void share() {
    if (lost) {
      segments.clear();
      epoch = positions.epoch();
      lost = false;
    }
    List<SegmentTokens.Token> all = tokens.share(share.getAsInt());
    segments.keySet().removeIf(number -> all.stream().noneMatch(token -> token.owns(number)));
    for (SegmentTokens.Token token : all) {
      Segment known = segments.get(token.segment());
      if (token.own() && (known == null || known.stored() != token.position())) {
        segments.put(token.segment(), new Segment(token.segment(), token.position()));
        waitingChanged = true;
      }
      progress.learned(epoch, token.segment(), token.position());
    }
    // A sequence that was retried is handled fast again.
    waitingChanged |= !waiting.isEmpty();
  }

  /** Segments at the same position, by position; without those that pause after a failure. */
  private List<List<Segment>> groups(long now) {
    return List.copyOf(
        segments.values().stream()
            .filter(segment -> segment.pause(now) <= 0)
            .collect(Collectors.groupingBy(Segment::position, TreeMap::new, Collectors.toList()))
            .values());
  }

  /** What serves: whoever waits for a new event does not wait for segments that are behind. */
  private boolean furthestFirst(List<List<Segment>> groups, long head) {
    boolean more = false;
    for (List<Segment> group : groups.reversed()) {
      more |= step(group, head, head);
    }
    return more;
  }

  /**
   * What is built is complete when its last segment is. So those that are furthest behind go on
   * alone until they meet the next ones: all of a limited pace is theirs, and once they have met no
   * event is read twice.
   */
  private boolean gather(List<List<Segment>> groups, long head) {
    if (groups.isEmpty()) {
      return false;
    }
    long next = groups.size() == 1 ? head : groups.get(1).getFirst().position();
    return step(groups.getFirst(), Math.min(next, head), head);
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
   * @param meeting where others are already, or the head
   * @return whether there is more to come
   */
  private boolean step(List<Segment> group, long meeting, long head) {
    long from = group.getFirst().position();
    boolean early = notBefore - System.nanoTime() > 0;
    if (early || from >= meeting) {
      return false;
    }
    int most = rebuild == null ? PagesAhead.PAGE : rebuild.atOnce(PagesAhead.PAGE);
    List<RecordedEvent> page = pages.after(from, meeting, most);
    if (page.isEmpty() && meeting < head) {
      // No event stands where the others are; they meet further on.
      page = pages.after(from, head, most);
    }
    if (page.isEmpty()) {
      return false;
    }
    long to = page.getLast().position();
    handle(parts(group, page), to);
    if (rebuild != null) {
      notBefore = System.nanoTime() + rebuild.passed(page.size());
    }
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
    progress.advanced(epoch, numbers(parts), to);
  }

  private void inParallel(List<Part> parts, long to) {
    var tasks = new ArrayList<Callable<Boolean>>();
    passed(parts.stream().filter(part -> part.events.isEmpty()).toList(), to);
    for (Part part : parts) {
      if (!part.events.isEmpty()) {
        tasks.add(
            () -> {
              alone(part, to);
              return true;
            });
      }
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
    try {
      Function<Connection, Publisher<?>> write =
          writer.writing(progress.generation(), inOrder(parts));
      commit(own(), write, parts, to);
    } catch (RuntimeException e) {
      discardOwn();
      if (BatchWriter.blamesEvents(e)) {
        parts.forEach(part -> carefully(part, to));
      } else {
        failed(parts, e);
      }
    }
  }

  /** The same for a segment of its own, beside others. */
  private void alone(Part part, long to) {
    try {
      Function<Connection, Publisher<?>> write = writer.writing(progress.generation(), part.events);
      try (Session session = Session.open(readModel)) {
        commit(session, write, List.of(part), to);
      }
    } catch (RuntimeException e) {
      if (BatchWriter.blamesEvents(e)) {
        carefully(part, to);
      } else {
        failed(List.of(part), e);
      }
    }
  }

  private void commit(
      Session session, Function<Connection, Publisher<?>> write, List<Part> parts, long to) {
    List<Segment> written = parts.stream().map(Part::segment).toList();
    Connection connection = session.connection();
    int since = epoch;
    session.pipelined(
        () -> progress.advanced(since, numbers(parts), to),
        write.apply(connection),
        tokens.advance(connection, written, to));
    written.forEach(segment -> segment.committed(to));
    committed = System.nanoTime();
  }

  /** The connection that is kept for what is written together: none is to be waited for. */
  private Session own() {
    Session kept = own;
    if (kept == null) {
      kept = Session.open(dedicated);
      own = kept;
    }
    return kept;
  }

  private void discardOwn() {
    Session kept = own;
    own = null;
    if (kept != null) {
      kept.discard();
    }
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
    progress.advanced(epoch, numbers(List.of(part)), to);
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
