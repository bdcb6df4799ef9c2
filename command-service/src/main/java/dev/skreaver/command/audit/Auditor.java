package dev.skreaver.command.audit;

import dev.skreaver.api.audit.AuditCheck;
import dev.skreaver.api.audit.AuditExport;
import dev.skreaver.api.audit.Checkpoint;
import dev.skreaver.api.audit.CheckpointHead;
import dev.skreaver.api.audit.NoteKey;
import dev.skreaver.api.audit.StoredEvent;
import dev.skreaver.api.audit.Verification;
import dev.skreaver.api.audit.Verification.Fault;
import dev.skreaver.api.audit.Verification.Kind;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.json.WireJson;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Verifies the event store against its seals and its anchor, and exports both. */
final class Auditor {
  /** Less than the gateway's patience with this service. */
  private static final Duration IN_ONE_GO = Duration.ofSeconds(10);

  private final AuditedStore store;
  private final List<NoteKey> keys;
  private final @Nullable Anchor anchor;

  Auditor(AuditedStore store, List<NoteKey> keys, @Nullable Anchor anchor) {
    this.store = store;
    this.keys = keys;
    this.anchor = anchor;
  }

  /**
   * @param to up to the end, if null
   */
  Verification verify(long from, @Nullable Long to) {
    requireThere(store.range(from, to), from, to);
    long begin = System.nanoTime();
    return verify(from, to, () -> System.nanoTime() - begin > IN_ONE_GO.toNanos());
  }

  /** Who asks for events that are not here must not be told that they are intact. */
  private static void requireThere(AuditedStore.Range range, long from, @Nullable Long to) {
    if (from > Math.max(1, range.end())) {
      throw Refusal.invalidField(
          "from", "has not been reached, the last position is " + range.end());
    }
    if (to != null && to > 0 && to <= range.after()) {
      throw new Refusal(
          ErrorCode.POSITION_NOT_KEPT,
          ("The events up to %d are archived; ask for those after it, or check an export that was"
                  + " made before")
              .formatted(range.after()),
          Map.of("earliest", range.after() + 1));
    }
  }

  /** Up to the end, resting longer than it works: those who write shall not notice. */
  Verification verifyAtLeisure(long from) {
    return verify(from, null, new Leisure());
  }

  Verification verify(long from, @Nullable Long to, BooleanSupplier enough) {
    AuditedStore.Range range = store.range(from, to);
    Verification found = verify(range, from, to, enough);
    // What was archived while it was read only seems to be missing.
    return found.intact() || store.archived() == range.archived()
        ? found
        : verify(from, to, enough);
  }

  private Verification verify(
      AuditedStore.Range range, long from, @Nullable Long to, BooleanSupplier enough) {
    Fault anchored = compareWithAnchor();
    AuditCheck check = range.check(keys);
    Fault lost = check.soFar().intact() ? store.lostBefore(range, from) : null;
    var actorKeys = new ActorKeys();
    Verification piece =
        check.run(store.checkpoints(range), store.events(range, check, actorKeys), enough);
    // What is wrong with keys behind this piece is found with the next one.
    long through = to == null && piece.next() == null ? Long.MAX_VALUE : piece.to();
    return piece
        .with(anchored)
        .with(lost)
        .with(actorKeys.fault(through))
        .with(store.erasedUntold(range, from, through));
  }

  private static final class Leisure implements BooleanSupplier {
    private static final int REST = 9;

    private final long begin = System.nanoTime();
    private long since = begin;

    @Override
    public boolean getAsBoolean() {
      try {
        Thread.sleep(Duration.ofNanos((System.nanoTime() - since) * REST));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return true;
      }
      since = System.nanoTime();
      return since - begin > IN_ONE_GO.toNanos();
    }
  }

  /** The anchor is read before the store, which therefore holds at least as much. */
  private @Nullable Fault compareWithAnchor() {
    try {
      CheckpointHead anchored = anchor == null ? null : anchor.last();
      CheckpointHead latest = store.latest();
      return anchored == null
          ? null
          : AuditCheck.compare(
              anchored, store.over(anchored.size()), latest == null ? 0 : latest.position(), keys);
    } catch (IOException e) {
      return new Fault(0, Kind.ANCHOR_INVALID, "%s cannot be read: %s".formatted(anchor, e));
    }
  }

  @Nullable CheckpointHead latest() {
    return store.latest();
  }

  /**
   * The lines of an {@link AuditExport}.
   *
   * @param to up to the end, if null
   */
  Iterator<JsonNode> export(long from, @Nullable Long to) {
    AuditedStore.Range range = store.range(from, to);
    requireThere(range, from, to);
    return new Lines(
        new AuditExport.Header(
            AuditExport.FORMAT,
            AuditExport.REVISION,
            range.start(),
            range.frontierBefore(),
            range.end(),
            range.whole(),
            range.last(),
            keys.stream().map(NoteKey::toString).toList(),
            Instant.now()),
        store.checkpoints(range),
        store.events(range));
  }

  /** A header, and each checkpoint before the events that it covers. */
  private static final class Lines implements Iterator<JsonNode> {
    private final Iterator<Checkpoint> checkpoints;
    private final Iterator<StoredEvent> events;
    private AuditExport.@Nullable Header header;
    private @Nullable StoredEvent event;
    private long covered;

    Lines(
        AuditExport.Header header, Iterator<Checkpoint> checkpoints, Iterator<StoredEvent> events) {
      this.header = header;
      this.checkpoints = checkpoints;
      this.events = events;
    }

    @Override
    public boolean hasNext() {
      if (event == null && events.hasNext()) {
        event = events.next();
      }
      return header != null || event != null || checkpoints.hasNext();
    }

    @Override
    public JsonNode next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return WireJson.mapper().valueToTree(record());
    }

    private Object record() {
      Object record;
      if (header != null) {
        record = header;
        header = null;
      } else if ((event == null || event.position() > covered) && checkpoints.hasNext()) {
        Checkpoint checkpoint = checkpoints.next();
        covered = checkpoint.position();
        record = checkpoint;
      } else if (event != null) {
        record = event;
        event = null;
      } else {
        throw new NoSuchElementException();
      }
      return record;
    }
  }
}
