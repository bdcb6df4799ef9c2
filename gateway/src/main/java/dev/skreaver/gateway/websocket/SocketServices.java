package dev.skreaver.gateway.websocket;

import dev.skreaver.api.event.EventQueries;
import dev.skreaver.gateway.security.Identities;
import dev.skreaver.gateway.stream.EventStreams;
import java.time.Clock;

/** What every session of this gateway works with. */
record SocketServices(
    WebSocketSettings settings,
    Identities identities,
    EventStreams streams,
    EventQueries queries,
    Notices notices,
    Subscribers subscribers,
    WebSocketMetrics metrics,
    Clock clock) {}
