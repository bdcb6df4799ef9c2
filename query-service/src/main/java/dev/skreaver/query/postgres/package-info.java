/**
 * The two databases of the query service: the event store that it reads, the read model it owns.
 */
@NullMarked
package dev.skreaver.query.postgres;

import org.jspecify.annotations.NullMarked;
