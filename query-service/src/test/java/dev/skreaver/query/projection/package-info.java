/** Projections, from the event store to their tables. */
@NullMarked
package dev.skreaver.query.projection;

import org.jspecify.annotations.NullMarked;
