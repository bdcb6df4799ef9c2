/** The tail of the event store. */
@NullMarked
package dev.skreaver.query.postgres;

import org.jspecify.annotations.NullMarked;
