package dev.skreaver.gateway.sse;

import dev.skreaver.gateway.request.FromQuery;
import org.jspecify.annotations.Nullable;

/**
 * Where a stream begins.
 *
 * @param after the position to resume after, 0 for everything that is kept; {@code Last-Event-ID}
 *     goes before it, because a browser that reconnects repeats the query
 */
record From(@Nullable Long after) implements FromQuery {}
