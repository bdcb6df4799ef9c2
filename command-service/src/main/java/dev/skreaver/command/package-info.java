/** The command service: aggregates, the event store, and the relay to the mesh. */
@NullMarked
package dev.skreaver.command;

import org.jspecify.annotations.NullMarked;
