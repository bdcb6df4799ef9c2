/** The relay: committed events, in order and without a gap, from the event store into Redis. */
@NullMarked
package dev.skreaver.command.mesh;

import org.jspecify.annotations.NullMarked;
