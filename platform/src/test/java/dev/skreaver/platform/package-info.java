/**
 * How the settings of a service process are read, and what it says of those it cannot start with.
 */
@NullMarked
package dev.skreaver.platform;

import org.jspecify.annotations.NullMarked;
