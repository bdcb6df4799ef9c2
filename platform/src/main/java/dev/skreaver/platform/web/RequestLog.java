package dev.skreaver.platform.web;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.error.Refusal;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

/**
 * One log line and one measurement for every request, when its answer is there. A stream's duration
 * is how long somebody listened, so it is logged but not measured.
 */
final class RequestLog implements WebFilter, Ordered {
  /** The name that the operators' queries know (runbook, log format). */
  private static final Logger LOG = LoggerFactory.getLogger("skreaver_http");

  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

  /** The client closed the connection before there was an answer; known from nginx. */
  private static final int CLIENT_LEFT = 499;

  /** Wire contract §1.5. */
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(5), Duration.ofMillis(10), Duration.ofMillis(20), Duration.ofMillis(50),
    Duration.ofMillis(100), Duration.ofMillis(200), Duration.ofMillis(500), Duration.ofSeconds(1),
    Duration.ofMillis(2500), Duration.ofSeconds(5), Duration.ofSeconds(10)
  };

  private final MeterRegistry metrics;

  RequestLog(MeterRegistry metrics) {
    this.metrics = metrics;
  }

  @Override
  public int getOrder() {
    return HIGHEST_PRECEDENCE + 1;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    long start = System.nanoTime();
    // The answer to a failure is written outside of the filters, so its end is the response's.
    exchange
        .getResponse()
        .beforeCommit(
            () -> {
              if (!streams(exchange)) {
                done(exchange, start, statusOf(exchange));
              }
              return Mono.empty();
            });
    return chain
        .filter(exchange)
        .doFinally(
            end -> {
              if (streams(exchange)) {
                done(exchange, start, statusOf(exchange));
              } else if (end == SignalType.CANCEL) {
                done(exchange, start, CLIENT_LEFT);
              }
            });
  }

  private void done(ServerWebExchange exchange, long start, int code) {
    if (exchange.getAttributes().putIfAbsent(RequestLog.class.getName(), true) != null) {
      return;
    }
    var request = exchange.getRequest();
    Duration taken = Duration.ofNanos(System.nanoTime() - start);
    String method = request.getMethod().name();
    var line =
        LOG.atInfo()
            .addKeyValue("request_id", RequestIds.of(exchange).requestId())
            .addKeyValue("method", method)
            .addKeyValue("path", request.getPath().value())
            .addKeyValue("status", code)
            .addKeyValue("duration_ms", taken.toMillis());
    AgentId agent = agentId(exchange);
    (agent == null ? line : line.addKeyValue("agent_id", agent)).log("Request processed");
    measure(exchange, METHODS.contains(method) ? method : "OTHER", code, taken);
  }

  private static int statusOf(ServerWebExchange exchange) {
    HttpStatusCode status = exchange.getResponse().getStatusCode();
    return status == null ? HttpStatus.OK.value() : status.value();
  }

  private void measure(ServerWebExchange exchange, String method, int status, Duration taken) {
    Object pattern = exchange.getAttribute(HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE);
    Tags tags =
        Tags.of(
            "method",
            method,
            "route",
            pattern == null ? "none" : pattern.toString(),
            "status",
            String.valueOf(status));
    metrics.counter("http.requests", tags).increment();
    if (!streams(exchange)) {
      Timer.builder("http.request.duration")
          .tags(tags)
          .serviceLevelObjectives(BUCKETS)
          .register(metrics)
          .record(taken);
    }
  }

  private static boolean streams(ServerWebExchange exchange) {
    var response = exchange.getResponse();
    if (response.getStatusCode() == HttpStatus.SWITCHING_PROTOCOLS) {
      return true;
    }
    MediaType type = response.getHeaders().getContentType();
    return type != null
        && (type.isCompatibleWith(MediaType.TEXT_EVENT_STREAM)
            || type.isCompatibleWith(MediaType.APPLICATION_NDJSON));
  }

  /** Unlike the path it is decoded: what is no agent's id may hold anything, and is left out. */
  private static @Nullable AgentId agentId(ServerWebExchange exchange) {
    Map<String, Object> variables =
        exchange.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE);
    if (variables == null || !exchange.getRequest().getPath().value().startsWith("/agents/")) {
      return null;
    }
    try {
      return variables.get("id") instanceof String id ? new AgentId(id) : null;
    } catch (Refusal noAgent) {
      return null;
    }
  }
}
