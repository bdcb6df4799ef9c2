/** The walls of the query service. */
@NullMarked
package dev.skreaver.query;

import org.jspecify.annotations.NullMarked;
