/** The one vocabulary of refusals, from the aggregate to the edge. */
@NullMarked
package dev.skreaver.api.error;

import org.jspecify.annotations.NullMarked;
