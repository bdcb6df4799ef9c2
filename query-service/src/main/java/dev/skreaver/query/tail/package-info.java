/** The event store's one global order, read once for all readers of this process. */
@NullMarked
package dev.skreaver.query.tail;

import org.jspecify.annotations.NullMarked;
