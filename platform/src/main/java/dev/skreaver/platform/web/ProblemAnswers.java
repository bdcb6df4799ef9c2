package dev.skreaver.platform.web;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.webflux.error.ErrorWebExceptionHandler;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Answers every failed request with a {@link Problem}. */
final class ProblemAnswers implements ErrorWebExceptionHandler, Ordered {
  private static final Logger LOG = LoggerFactory.getLogger(ProblemAnswers.class);

  private final ProblemWriter problems;

  ProblemAnswers(ProblemWriter problems) {
    this.problems = problems;
  }

  /** Before Boot's own handler, which answers in another form. */
  @Override
  public int getOrder() {
    return -2;
  }

  @Override
  public Mono<Void> handle(ServerWebExchange exchange, Throwable failure) {
    Refused refused = Refused.of(failure);
    String requestId = RequestIds.of(exchange).requestId();
    if (refused.fault()) {
      LOG.atError()
          .setCause(failure)
          .addKeyValue("request_id", requestId)
          .addKeyValue("method", exchange.getRequest().getMethod())
          .addKeyValue("path", exchange.getRequest().getPath().value())
          .log("Request failed");
    }
    ServerHttpResponse response = exchange.getResponse();
    if (response.isCommitted()) {
      return Mono.error(failure);
    }
    Problem problem =
        problems.problem(refused.refusal(), exchange.getRequest().getPath().value(), requestId);
    byte[] body = problems.json(problem);
    response.setStatusCode(HttpStatusCode.valueOf(problem.status()));
    response.getHeaders().putAll(refused.headers());
    response.getHeaders().setContentType(MediaType.APPLICATION_PROBLEM_JSON);
    response.getHeaders().setContentLength(body.length);
    return response.writeWith(Mono.fromSupplier(() -> response.bufferFactory().wrap(body)));
  }
}
