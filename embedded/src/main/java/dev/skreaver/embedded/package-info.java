/** A real PostgreSQL and a real Redis, started from jars: for standalone and for tests. */
@NullMarked
package dev.skreaver.embedded;

import org.jspecify.annotations.NullMarked;
