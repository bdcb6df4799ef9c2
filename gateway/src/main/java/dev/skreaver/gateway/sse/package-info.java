/** Recorded events as server-sent events, resumable by {@code Last-Event-ID}. */
@NullMarked
package dev.skreaver.gateway.sse;

import org.jspecify.annotations.NullMarked;
