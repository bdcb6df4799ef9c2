package dev.skreaver.gateway.websocket;

import org.springframework.core.Ordered;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Counts every request for a WebSocket that was answered with something else, whoever refused it.
 */
final class RejectedHandshakes implements WebFilter, Ordered {
  private final WebSocketMetrics metrics;

  RejectedHandshakes(WebSocketMetrics metrics) {
    this.metrics = metrics;
  }

  @Override
  public int getOrder() {
    return Ordered.HIGHEST_PRECEDENCE;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    if (exchange.getRequest().getPath().value().equals(WebSocketConfiguration.PATH)) {
      exchange
          .getResponse()
          .beforeCommit(
              () ->
                  Mono.fromRunnable(
                      () -> {
                        HttpStatusCode status = exchange.getResponse().getStatusCode();
                        if (status != null && status.isError()) {
                          metrics.rejected();
                        }
                      }));
    }
    return chain.filter(exchange);
  }
}
