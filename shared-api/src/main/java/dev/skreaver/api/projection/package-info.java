/** Projections as an operator sees them: position, lag, replay, dead letters. */
@NullMarked
package dev.skreaver.api.projection;

import org.jspecify.annotations.NullMarked;
