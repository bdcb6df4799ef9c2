package dev.skreaver.api.audit;

import dev.skreaver.api.audit.NoteKey.InvalidNote;
import dev.skreaver.api.audit.NoteKey.SignedRoot;
import dev.skreaver.api.audit.Verification.Fault;
import dev.skreaver.api.audit.Verification.Kind;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One pass over events and checkpoints, both in order of position, up to the first fault. What is
 * kept meanwhile is the last leaf of each agent and the entries of one checkpoint.
 *
 * <p>Each event is checked by itself (leaf, payload), against the one before it of its agent, and,
 * as far as checkpoints reach, against what was sealed of it. Each checkpoint is checked against
 * its signature and against the one before it.
 */
public final class AuditCheck {
  private static final int BETWEEN_LOOKS = 1000;

  private final Collection<NoteKey> keys;
  private final MerkleTree tree;
  private final boolean fromTheFirst;
  private final Map<String, Link> links = new HashMap<>();
  private final Deque<LogEntry> sealed = new ArrayDeque<>();
  private long begin;
  private boolean beginIsKnown;
  private long position;
  private long events;
  private long checkpoints;
  private long erased;
  private long sealedThrough;
  private @Nullable Fault fault;

  /**
   * Checks what follows a position where nothing was sealed yet.
   *
   * @param after 0 for everything from the first event on
   */
  public AuditCheck(Collection<NoteKey> keys, long after) {
    this.keys = List.copyOf(keys);
    this.tree = new MerkleTree();
    this.fromTheFirst = after == 0;
    this.begin = after + 1;
    this.beginIsKnown = true;
    this.position = after;
  }

  /**
   * Checks what follows a checkpoint.
   *
   * @param frontierBefore of the tree that the checkpoint's entries were appended to; null if it is
   *     not known, and then nothing before the next sealed event counts as checked
   */
  public AuditCheck(Collection<NoteKey> keys, Checkpoint start, byte @Nullable [] frontierBefore) {
    this.keys = List.copyOf(keys);
    this.fromTheFirst = false;
    this.begin = Math.max(1, start.position() + 1);
    this.beginIsKnown = frontierBefore != null;
    this.position = begin - 1;
    this.sealedThrough = position;
    this.tree = treeOf(start);
    if (fault == null) {
      signed(start);
    }
    if (fault == null && frontierBefore != null) {
      standsAtItsPosition(start, frontierBefore);
    }
  }

  private MerkleTree treeOf(Checkpoint start) {
    try {
      return new MerkleTree(start.size(), start.frontier());
    } catch (IllegalArgumentException e) {
      invalid(start, String.valueOf(e.getMessage()));
      return new MerkleTree();
    }
  }

  /** A position is in no signature, but only entries that were sealed lead to a signed frontier. */
  private void standsAtItsPosition(Checkpoint start, byte[] frontierBefore) {
    try {
      var grown = new MerkleTree(start.previousSize(), frontierBefore);
      List<LogEntry> entries = LogEntry.read(start.entries());
      entries.forEach(grown::append);
      if (grown.size() != start.size() || !Arrays.equals(grown.frontier(), start.frontier())) {
        invalid(start, "its entries do not lead to it from the checkpoint before");
      } else if (entries.isEmpty() || entries.getLast().position() != start.position()) {
        invalid(start, "its last event is not at its position");
      }
    } catch (IllegalArgumentException e) {
      invalid(start, String.valueOf(e.getMessage()));
    }
  }

  /**
   * @param enough asked now and then whether to leave the rest for another time
   */
  public Verification run(
      Iterator<Checkpoint> checkpoints, Iterator<StoredEvent> events, BooleanSupplier enough) {
    var coming = new Coming(events);
    boolean left = false;
    while (fault == null && !left && checkpoints.hasNext()) {
      check(checkpoints.next(), coming);
      left = enough.getAsBoolean() && (checkpoints.hasNext() || coming.first() != null);
    }
    for (int n = 1; fault == null && !left && coming.first() != null; n++) {
      check(coming.next());
      left = n % BETWEEN_LOOKS == 0 && enough.getAsBoolean() && coming.first() != null;
    }
    return soFar(left && fault == null ? (Long) (position + 1) : null);
  }

  /** What was found until now. */
  public Verification soFar() {
    return soFar(null);
  }

  private Verification soFar(@Nullable Long next) {
    return new Verification(
        fault == null,
        begin,
        Math.max(position, begin - 1),
        events,
        checkpoints,
        erased,
        sealedThrough,
        next,
        fault);
  }

  /** Whether only the store can say what came before this event of its agent. */
  public boolean followsUnseen(StoredEvent event) {
    return !fromTheFirst && event.version() > 0 && !links.containsKey(event.agent());
  }

  /** Says what came before, for {@link #followsUnseen}. */
  public void seen(String tenant, String agentId, long version, byte[] leaf) {
    links.putIfAbsent(tenant + "/" + agentId, new Link(version, leaf));
  }

  private void check(Checkpoint checkpoint, Coming coming) {
    begin(checkpoint);
    StoredEvent next = coming.first();
    while (fault == null && next != null && next.position() <= checkpoint.position()) {
      check(coming.next());
      next = coming.first();
    }
    if (fault == null && !sealed.isEmpty()) {
      missing(sealed.element());
    }
    if (fault == null) {
      checkpoints++;
      sealedThrough = checkpoint.position();
      position = checkpoint.position();
    }
  }

  private void begin(Checkpoint checkpoint) {
    if (checkpoint.previousSize() != tree.size()) {
      fail(
          position + 1,
          Kind.CHECKPOINT_MISSING,
          "the checkpoint over %d events follows one over %d, which is not the one before it here"
              .formatted(checkpoint.size(), checkpoint.previousSize()));
      return;
    }
    try {
      List<LogEntry> entries = LogEntry.read(checkpoint.entries());
      entries.forEach(tree::append);
      sealed.addAll(entries);
      if (!entries.isEmpty()) {
        beginsAt(entries.getFirst().position());
      }
    } catch (IllegalArgumentException e) {
      invalid(checkpoint, String.valueOf(e.getMessage()));
      return;
    }
    signed(checkpoint);
    if (fault == null
        && (sealed.isEmpty() || sealed.getLast().position() != checkpoint.position())) {
      invalid(checkpoint, "its last event is not at its position");
    }
  }

  /** Whether the tree is the one that was signed. */
  private void signed(Checkpoint checkpoint) {
    try {
      SignedRoot root = NoteKey.read(checkpoint.note(), keys);
      if (root.size() != checkpoint.size() || tree.size() != checkpoint.size()) {
        invalid(checkpoint, "what was signed is over %d events".formatted(root.size()));
      } else if (!Arrays.equals(root.root(), tree.root())) {
        invalid(checkpoint, "what was signed has another root than its entries give");
      } else if (!Arrays.equals(tree.frontier(), checkpoint.frontier())) {
        invalid(checkpoint, "its frontier is not the tree's");
      }
    } catch (InvalidNote e) {
      invalid(checkpoint, String.valueOf(e.getMessage()));
    }
  }

  private void invalid(Checkpoint checkpoint, String reason) {
    fail(
        position + 1,
        Kind.CHECKPOINT_INVALID,
        "the checkpoint over %d events does not hold: %s".formatted(checkpoint.size(), reason));
  }

  /** The first that is sure to have been checked, where nothing else says where that is. */
  private void beginsAt(long first) {
    if (!beginIsKnown) {
      begin = first;
      beginIsKnown = true;
    }
  }

  private void check(StoredEvent event) {
    beginsAt(event.position());
    if (event.position() <= position) {
      fail(event.position(), Kind.EVENT_REORDERED, "it stands behind position " + position);
      return;
    }
    LogEntry entry = sealed.poll();
    if (entry != null && entry.position() > event.position()) {
      fail(event.position(), Kind.EVENT_INSERTED, "no event was sealed at this position");
    } else if (entry != null && entry.position() < event.position()) {
      missing(entry);
    } else {
      alone(event);
      if (fault == null && entry != null) {
        asSealed(event, entry);
      }
      if (fault == null) {
        inItsChain(event);
      }
    }
    if (fault == null) {
      position = event.position();
      events++;
      erased += event.erased() ? 1 : 0;
    }
  }

  private void alone(StoredEvent event) {
    if (!event.hasItsLeaf()) {
      fail(
          event.position(),
          Kind.EVENT_CHANGED,
          "what is stored of this event is not what was hashed when it was appended");
    } else if (!event.hasItsPayload()) {
      fail(
          event.position(),
          Kind.PAYLOAD_CHANGED,
          "the payload is not the one that was hashed when the event was appended");
    }
  }

  private void asSealed(StoredEvent event, LogEntry entry) {
    if (!Arrays.equals(entry.leaf(), event.leaf())) {
      fail(event.position(), Kind.EVENT_REPLACED, "another event was sealed at this position");
    } else if (entry.micros() != event.micros()) {
      fail(event.position(), Kind.TIME_CHANGED, "another time was sealed with this event");
    }
  }

  private void inItsChain(StoredEvent event) {
    Link before = links.put(event.agent(), new Link(event.version(), event.leaf()));
    boolean follows =
        before != null
            ? before.version() + 1 == event.version()
                && Arrays.equals(before.leaf(), event.previousLeaf())
            : event.version() > 0
                ? !fromTheFirst
                : Arrays.equals(LeafHash.none(), event.previousLeaf());
    if (!follows) {
      fail(
          event.position(),
          Kind.CHAIN_BROKEN,
          "version %d of agent %s does not follow the event before it (%s)"
              .formatted(
                  event.version(),
                  event.agent(),
                  before == null ? "none" : "version " + before.version()));
    }
  }

  private void missing(LogEntry entry) {
    fail(entry.position(), Kind.EVENT_MISSING, "the event that was sealed here is not there");
  }

  private void fail(long position, Kind kind, String message) {
    fault = new Fault(position, kind, message);
  }

  /**
   * Compares what was anchored outside with the checkpoint over as many events.
   *
   * @param stored null if there is none
   * @param last the position that the last checkpoint covers
   * @return null if they agree
   */
  public static @Nullable Fault compare(
      CheckpointHead anchored,
      @Nullable CheckpointHead stored,
      long last,
      Collection<NoteKey> keys) {
    try {
      SignedRoot root = NoteKey.read(anchored.note(), keys);
      if (stored == null) {
        return new Fault(
            last + 1,
            Kind.ROLLED_BACK,
            "a checkpoint over %d events up to position %d was anchored, what is here ends at %d"
                .formatted(root.size(), anchored.position(), last));
      }
      if (!Arrays.equals(root.root(), NoteKey.read(stored.note(), keys).root())) {
        return new Fault(
            1,
            Kind.FORKED,
            "the anchor holds another tree over %d events: history was written anew"
                .formatted(root.size()));
      }
      return anchored.position() == stored.position()
          ? null
          : new Fault(
              1,
              Kind.FORKED,
              "the checkpoint over %d events was anchored at position %d and is at %d here"
                  .formatted(root.size(), anchored.position(), stored.position()));
    } catch (InvalidNote e) {
      return new Fault(
          last + 1,
          Kind.ANCHOR_INVALID,
          "the note over %d events does not hold: %s".formatted(anchored.size(), e.getMessage()));
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Link(long version, byte[] leaf) {}

  private static final class Coming {
    private final Iterator<StoredEvent> events;
    private @Nullable StoredEvent first;

    Coming(Iterator<StoredEvent> events) {
      this.events = events;
    }

    @Nullable StoredEvent first() {
      if (first == null && events.hasNext()) {
        first = events.next();
      }
      return first;
    }

    StoredEvent next() {
      StoredEvent next = first == null ? events.next() : first;
      first = null;
      return next;
    }
  }
}
