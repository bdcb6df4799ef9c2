/** The tail of the event store. */
@NullMarked
package dev.skreaver.query.tail;

import org.jspecify.annotations.NullMarked;
