package dev.skreaver.command.store;

/**
 * Some event of a stream, as the event behind it needs to know it. It never changes: that it is the
 * last one is only believed, and the unique constraint on (stream, version) has the last word.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record StreamHead(long streamId, long version, byte[] leaf, long position) {}
