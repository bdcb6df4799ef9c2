/** The event store: one order of all events in PostgreSQL, written by group commit. */
@NullMarked
package dev.skreaver.command.store;

import org.jspecify.annotations.NullMarked;
