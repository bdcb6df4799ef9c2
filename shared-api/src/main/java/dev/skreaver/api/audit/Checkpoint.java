package dev.skreaver.api.audit;

import static java.util.Objects.requireNonNull;

import java.time.Instant;

/**
 * A state of the tree that was signed, with what it covers since the one before. All that counts is
 * in the signed note; the rest is there to find out quickly what does not fit it.
 *
 * @param size how many events the tree holds
 * @param previousSize that of the checkpoint before; 0 for the first
 * @param position of the last event that it covers
 * @param frontier of the tree, by which it goes on from here
 * @param entries of the events since the one before, as {@link LogEntry#write} puts them
 * @param note as in C2SP tlog-checkpoint, signed
 * @param time when it was signed
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Checkpoint(
    long size,
    long previousSize,
    long position,
    byte[] frontier,
    byte[] entries,
    String note,
    Instant time) {

  public Checkpoint {
    requireNonNull(frontier, "frontier");
    requireNonNull(entries, "entries");
    requireNonNull(note, "note");
    requireNonNull(time, "time");
  }

  public CheckpointHead head() {
    return new CheckpointHead(size, position, note, time);
  }
}
