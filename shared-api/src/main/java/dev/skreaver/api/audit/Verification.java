package dev.skreaver.api.audit;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a check of the event store, or of an export of it, found.
 *
 * @param intact whether nothing is wrong with what was checked
 * @param from the first position that was checked; a range is widened to whole checkpoints
 * @param to the last position that was checked
 * @param events how many were checked
 * @param checkpoints how many were checked
 * @param erased how many of the events have no payload any more, which is no fault
 * @param sealedThrough the last position that a checkpoint covers; events behind it are held by the
 *     chain of their agent alone
 * @param next go on from here: there is more than was checked in one go; null if there is not
 * @param fault the first thing that is wrong; null if intact
 */
public record Verification(
    boolean intact,
    long from,
    long to,
    long events,
    long checkpoints,
    long erased,
    long sealedThrough,
    @Nullable Long next,
    @Nullable Fault fault) {

  /** The same, but for this fault if it lies before what was found, or nothing was. */
  public Verification with(@Nullable Fault other) {
    return other == null || (fault != null && fault.position() <= other.position())
        ? this
        : new Verification(
            false, from, to, events, checkpoints, erased, sealedThrough, null, other);
  }

  /**
   * @param position the first position that is not intact
   */
  public record Fault(long position, Kind kind, String message) {}

  /** What is wrong. The names on the wire are these in lower case, and stay. */
  public enum Kind {
    /** What is stored of an event is not what its leaf was made of. */
    EVENT_CHANGED,
    /** A payload or its salt is not what the event's payload hash was made of. */
    PAYLOAD_CHANGED,
    /** An event's time is not the one that was sealed. */
    TIME_CHANGED,
    /** Another event than the one that was sealed is in its place. */
    EVENT_REPLACED,
    /** An event that was sealed is not there. */
    EVENT_MISSING,
    /** An event that was not sealed stands among those that were. */
    EVENT_INSERTED,
    /** Events are not in order of position. */
    EVENT_REORDERED,
    /** An event does not follow the one before it of its agent. */
    CHAIN_BROKEN,
    /** A checkpoint is not signed by a trusted key, or does not hold what it says. */
    CHECKPOINT_INVALID,
    /** A checkpoint between two others, or the last of an export, is not there. */
    CHECKPOINT_MISSING,
    /** The anchor holds a later checkpoint than the store: the store went back in time. */
    ROLLED_BACK,
    /** The anchor holds another tree than the store. */
    FORKED,
    /** The anchor cannot be read, or is not signed by a trusted key. */
    ANCHOR_INVALID,
    /** A subject's key is gone or another one, and no event tells of an erasure. */
    KEY_DESTROYED,
    /** A line of an export is not what it should be. */
    LINE_INVALID;

    @JsonValue
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
