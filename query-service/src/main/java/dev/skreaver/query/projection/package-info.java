/** Read models built from events, exactly once, in generations. */
@NullMarked
package dev.skreaver.query.projection;

import org.jspecify.annotations.NullMarked;
