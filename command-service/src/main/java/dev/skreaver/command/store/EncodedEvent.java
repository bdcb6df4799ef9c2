package dev.skreaver.command.store;

import java.util.UUID;

/**
 * An event as it is stored, but for its position, which is drawn at the append.
 *
 * @param streamId null in a stream that begins with this append
 * @param micros since 1970
 * @param previousPosition of the stream's event before it; 0 if that is in the same append, or
 *     there is none
 * @param subjectKey the id of the key under which its texts are sealed
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record EncodedEvent(
    String aggregateIdentifier,
    @org.jspecify.annotations.Nullable Long streamId,
    int tenantId,
    long version,
    UUID eventId,
    short typeId,
    long micros,
    byte[] metadata,
    byte[] payloadHash,
    byte[] previousLeaf,
    byte[] leaf,
    byte[] salt,
    byte[] payload,
    long previousPosition,
    @org.jspecify.annotations.Nullable String subjectKey) {}
