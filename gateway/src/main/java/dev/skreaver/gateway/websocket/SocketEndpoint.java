package dev.skreaver.gateway.websocket;

import dev.skreaver.gateway.security.Identity;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.Optional;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.http.server.WebsocketServerSpec;

/**
 * {@code GET /ws}: who is refused here gets a problem document, and no connection.
 *
 * <p>It works on Reactor Netty's own WebSocket and not on Spring's, which hands over whole messages
 * only: neither fragments nor pings can be counted there.
 */
final class SocketEndpoint implements WebHandler {
  private static final WebsocketServerSpec SPEC =
      WebsocketServerSpec.builder()
          .maxFramePayloadLength(WebSocketSettings.MAX_FRAME_SIZE)
          .handlePing(true)
          .build();

  private final SocketServices services;
  private final Connections connections;

  SocketEndpoint(SocketServices services, Connections connections) {
    this.services = services;
    this.connections = connections;
  }

  @Override
  public Mono<Void> handle(ServerWebExchange exchange) {
    exchange.getResponse().getHeaders().set(Handshake.VERSION_HEADER, Handshake.VERSION);
    return Mono.fromSupplier(() -> Handshake.of(exchange.getRequest()))
        .flatMap(this::identify)
        .flatMap(identity -> upgrade(exchange, identity));
  }

  private Mono<Optional<Identity>> identify(Handshake handshake) {
    String token = handshake.token();
    return token == null
        ? Mono.just(Optional.empty())
        : services.identities().fromToken(token).map(Optional::of);
  }

  private Mono<Void> upgrade(ServerWebExchange exchange, Optional<Identity> identity) {
    Runnable release = connections.admit(addressOf(exchange));
    ServerHttpResponse response = exchange.getResponse();
    response.getHeaders().remove(Handshake.VERSION_HEADER);
    response.setStatusCode(HttpStatus.SWITCHING_PROTOCOLS);
    HttpServerResponse nativeResponse = ServerHttpResponseDecorator.getNativeResponse(response);
    // The request is read to its end first: the time limit on it would go on, and end the
    // connection.
    return exchange
        .getRequest()
        .getBody()
        .doOnNext(DataBufferUtils::release)
        .then(response.setComplete())
        .then(
            Mono.defer(
                () ->
                    nativeResponse.sendWebsocket(
                        (in, out) ->
                            Mono.<Void>create(
                                sink ->
                                    in.withConnection(
                                        connection -> {
                                          var channel = connection.channel();
                                          Farewell.prepare(channel);
                                          var session = new Session(services, channel);
                                          connections.opened(session);
                                          services.metrics().opened();
                                          Farewell.whenClosed(
                                              channel,
                                              () -> {
                                                connections.closed(session);
                                                release.run();
                                              });
                                          session
                                              .run(in, out, identity.orElse(null))
                                              .subscribe(done -> {}, sink::error, sink::success);
                                        })),
                        SPEC)))
        .doOnError(failure -> release.run());
  }

  private static InetAddress addressOf(ServerWebExchange exchange) {
    InetSocketAddress remote = Objects.requireNonNull(exchange.getRequest().getRemoteAddress());
    InetAddress address = remote.getAddress();
    return address == null ? InetAddress.getLoopbackAddress() : address;
  }
}
