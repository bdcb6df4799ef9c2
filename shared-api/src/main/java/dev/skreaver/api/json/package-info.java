/** JSON as this system writes and reads it. */
@NullMarked
package dev.skreaver.api.json;

import org.jspecify.annotations.NullMarked;
