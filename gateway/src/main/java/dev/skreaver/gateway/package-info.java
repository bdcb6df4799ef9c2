/** The edge: authentication, authorization, limits, REST, SSE, WebSocket, OpenAPI. */
@NullMarked
package dev.skreaver.gateway;

import org.jspecify.annotations.NullMarked;
