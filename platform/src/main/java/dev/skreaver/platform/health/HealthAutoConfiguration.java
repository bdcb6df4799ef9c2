package dev.skreaver.platform.health;

import static org.springframework.web.reactive.function.server.RequestPredicates.methods;
import static org.springframework.web.reactive.function.server.RequestPredicates.path;
import static org.springframework.web.reactive.function.server.RouterFunctions.route;

import dev.skreaver.platform.ServiceProcess;
import dev.skreaver.platform.Settings;
import dev.skreaver.platform.web.WebAutoConfiguration;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.prometheus.PrometheusMetricsExportAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.RequestPredicate;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.MethodNotAllowedException;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** {@code /health}, {@code /ready} and {@code /metrics} of every web service, on its one port. */
@AutoConfiguration(
    after = {WebAutoConfiguration.class, PrometheusMetricsExportAutoConfiguration.class})
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
class HealthAutoConfiguration {
  private static final String METRICS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

  private static final Duration LONGEST_DRAIN = Duration.ofMinutes(1);

  @Bean
  Readiness readiness(List<ReadinessCheck> checks, Clock clock) {
    return new Readiness(checks, clock, ProcessStatus.STARTED_AT);
  }

  @Bean
  @ConditionalOnBooleanProperty(ServiceProcess.PROPERTY)
  Drain drain(Readiness readiness, Environment environment) {
    return new Drain(
        readiness,
        Settings.of(environment)
            .millis("SKREAVER_DRAIN_MS", Duration.ofSeconds(4), Duration.ZERO, LONGEST_DRAIN));
  }

  @Bean
  ReadinessCheck systemResources() {
    return new SystemResources();
  }

  @Bean
  MachineMetrics machineMetrics() {
    return new MachineMetrics();
  }

  @Bean
  RouterFunction<ServerResponse> healthRoutes(
      Readiness readiness,
      PrometheusMeterRegistry metrics,
      Clock clock,
      @Value("${spring.application.name}") String service) {
    return route()
        .route(
            read("/health"),
            request ->
                aside(() -> ProcessStatus.of(service, clock))
                    .flatMap(status -> fresh(HttpStatus.OK).bodyValue(status)))
        .route(
            read("/ready"),
            request ->
                readiness
                    .report()
                    .flatMap(
                        report ->
                            fresh(
                                    report.status() instanceof ReadinessStatus.Unhealthy
                                        ? HttpStatus.SERVICE_UNAVAILABLE
                                        : HttpStatus.OK)
                                .bodyValue(report)))
        .route(
            read("/metrics"),
            request ->
                aside(() -> metrics.scrape(METRICS_TEXT))
                    .flatMap(
                        text ->
                            ServerResponse.ok()
                                .cacheControl(CacheControl.noStore())
                                .header(HttpHeaders.CONTENT_TYPE, METRICS_TEXT)
                                .bodyValue(text)))
        .route(
            path("/health").or(path("/ready")).or(path("/metrics")),
            request ->
                Mono.error(
                    new MethodNotAllowedException(request.method(), List.of(HttpMethod.GET))))
        .build();
  }

  /** Uptime checks ask with HEAD. */
  private static RequestPredicate read(String path) {
    return methods(HttpMethod.GET, HttpMethod.HEAD).and(path(path));
  }

  private static ServerResponse.BodyBuilder fresh(HttpStatus status) {
    return ServerResponse.status(status)
        .cacheControl(CacheControl.noStore())
        .contentType(MediaType.APPLICATION_JSON);
  }

  /** These look into the system's files, which is no work for an event loop. */
  private static <T> Mono<T> aside(Callable<T> work) {
    return Mono.fromCallable(work).subscribeOn(Schedulers.boundedElastic());
  }
}
