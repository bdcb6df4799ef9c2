/** Live events at the edge: one feed per gateway, and the streams that clients resume from. */
@NullMarked
package dev.skreaver.gateway.stream;

import org.jspecify.annotations.NullMarked;
