package dev.skreaver.command.store;

import java.util.function.BiFunction;

/**
 * What is kept of an aggregate, so that its events up to there need not be read.
 *
 * @param schema of the state; a snapshot of any other schema counts as absent
 * @param read makes the aggregate of its identifier and its state; when it fails, the snapshot
 *     counts as absent
 */
public record SnapshotFormat(String schema, BiFunction<String, byte[], Object> read) {}
