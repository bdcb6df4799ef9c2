/** The seals of the event store: signed, anchored outside the database, verified and exported. */
@NullMarked
package dev.skreaver.command.audit;

import org.jspecify.annotations.NullMarked;
