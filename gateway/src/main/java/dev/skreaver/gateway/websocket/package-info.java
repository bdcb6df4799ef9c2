/**
 * The WebSocket at {@code /ws}: two dialects of one protocol, channels, and subscriptions that
 * resume from a position.
 *
 * <p>{@link dev.skreaver.gateway.websocket.SocketEndpoint} admits a connection, {@link
 * dev.skreaver.gateway.websocket.Session} is one open connection, {@link
 * dev.skreaver.gateway.websocket.Subscription} one subscription of it.
 */
@NullMarked
package dev.skreaver.gateway.websocket;

import org.jspecify.annotations.NullMarked;
