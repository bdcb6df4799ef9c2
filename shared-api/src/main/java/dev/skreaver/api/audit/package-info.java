/**
 * The proof that the event store is what it was: the hash of an event, the tree over all events in
 * order of position, the signed checkpoints of that tree, and the check of all of them. It needs no
 * database: what verifies the store verifies an export of it.
 */
@NullMarked
package dev.skreaver.api.audit;

import org.jspecify.annotations.NullMarked;
