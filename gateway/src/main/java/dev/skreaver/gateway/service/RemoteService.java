package dev.skreaver.gateway.service;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.platform.service.ServiceTokens;
import dev.skreaver.platform.web.Problem;
import dev.skreaver.platform.web.RequestIds;
import io.netty.channel.ChannelOption;
import io.netty.handler.timeout.ReadTimeoutException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFunction;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.client.support.WebClientAdapter;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientRequest;

/**
 * A service in another process, or in several. Its refusals arrive as the same {@link Refusal} that
 * it threw; when it cannot be reached, or does not answer, that is a refusal too.
 */
final class RemoteService {
  private static final Logger LOG = LoggerFactory.getLogger(RemoteService.class);

  private static final Duration CONNECT = Duration.ofSeconds(2);

  /** Longer than the longest wait that a service allows itself, for a position. */
  private static final Duration ANSWER = Duration.ofSeconds(15);

  /**
   * A live stream may be silent, and who downloads may be slow. Whoever reads finds out elsewhere
   * that it should not be so.
   */
  private static final Duration SILENCE = Duration.ofDays(1);

  /** A page of a thousand events of 64 KiB each. */
  private static final int MAX_ANSWER_BYTES = 64 << 20;

  private static final String MAYBE_DONE =
      "a command may have been carried out: repeat it with the same Idempotency-Key; a read can"
          + " just be tried again";
  private static final Map<String, Object> RETRY_SOON = Map.of("retry_after_seconds", 1);

  private final String name;
  private final Instances instances;
  private final WebClient plain;
  private final WebClient http;

  /** Tells the first failure of an outage from those that follow: the log shows one. */
  private final AtomicBoolean answers = new AtomicBoolean(true);

  private RemoteService(
      String name, Instances instances, WebClient.Builder builder, ServiceTokens tokens) {
    this.name = name;
    this.instances = instances;
    this.plain = builder.build();
    this.http = builder.filter((request, next) -> exchange(request, next, tokens)).build();
  }

  /**
   * @param name for messages, for example {@code query service}
   */
  static RemoteService at(
      List<URI> addresses,
      String name,
      WebClient.Builder builder,
      HttpClient connections,
      ServiceTokens tokens) {
    HttpClient client =
        connections
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) CONNECT.toMillis())
            .option(ChannelOption.SO_KEEPALIVE, true)
            .responseTimeout(ANSWER);
    return new RemoteService(
        name,
        new Instances(addresses),
        builder
            .clone()
            .clientConnector(new ReactorClientHttpConnector(client))
            .codecs(codecs -> codecs.defaultCodecs().maxInMemorySize(MAX_ANSWER_BYTES)),
        tokens);
  }

  /** One of the interfaces of the published language, spoken with this service. */
  <T> T client(Class<T> type) {
    return HttpServiceProxyFactory.builderFor(WebClientAdapter.create(http))
        .customArgumentResolver(new Route.OfCommands())
        .build()
        .createClient(type);
  }

  /** For what is open to anyone there: no token is sent, and a refusal is an answer like others. */
  WebClient plain() {
    return plain;
  }

  Instances instances() {
    return instances;
  }

  private Mono<ClientResponse> exchange(
      ClientRequest request, ExchangeFunction next, ServiceTokens tokens) {
    return Mono.deferContextual(
        context -> {
          var sent = ClientRequest.from(request).headers(h -> h.setBearerAuth(tokens.current()));
          RequestIds.in(context)
              .ifPresent(
                  ids ->
                      sent.header(RequestIds.REQUEST_ID, ids.requestId())
                          .header(RequestIds.CORRELATION_ID, ids.correlationId()));
          String path = request.url().getPath();
          if (path.endsWith("/live") || path.endsWith("/export")) {
            sent.httpRequest(
                raw -> {
                  HttpClientRequest reactor = raw.getNativeRequest();
                  reactor.responseTimeout(SILENCE);
                });
          }
          return instances
              .exchange(sent.build(), next)
              .doOnNext(_ -> reached())
              .onErrorMap(this::unreachable)
              .flatMap(
                  response ->
                      response.statusCode().isError()
                          ? refusal(response).flatMap(Mono::error)
                          : Mono.just(
                              response
                                  .mutate()
                                  .body(body -> body.onErrorMap(this::unreachable))
                                  .build()));
        });
  }

  private Mono<Refusal> refusal(ClientResponse response) {
    HttpStatusCode status = response.statusCode();
    if (status.value() == 401 || status.value() == 403) {
      LOG.error(
          "The {} refuses this gateway with {}: their SKREAVER_JWT_SECRET or their clocks differ",
          name,
          status.value());
      return response.releaseBody().thenReturn(unavailable());
    }
    return response
        .bodyToMono(Problem.class)
        .map(
            problem ->
                new Refusal(
                    ErrorCode.fromWire(problem.error()),
                    problem.message(),
                    problem.details() == null ? Map.of() : problem.details()))
        .onErrorResume(unreadable -> Mono.empty())
        .defaultIfEmpty(unavailable());
  }

  private void reached() {
    if (!answers.getAndSet(true)) {
      LOG.info("The {} answers again", name);
    }
  }

  private Throwable unreachable(Throwable failure) {
    if (failure instanceof Refusal) {
      return failure;
    }
    if (answers.getAndSet(false)) {
      LOG.atWarn().addKeyValue("cause", failure.toString()).log("The {} does not answer", name);
    }
    if (Instances.caused(failure, ReadTimeoutException.class)) {
      return new Refusal(
          ErrorCode.TIMEOUT, "The %s did not answer in time; %s".formatted(name, MAYBE_DONE));
    }
    return Instances.caused(failure, IOException.class) && !Instances.neverReached(failure)
        ? new Refusal(
            ErrorCode.SERVICE_UNAVAILABLE,
            "The %s broke off before it answered; %s".formatted(name, MAYBE_DONE),
            RETRY_SOON)
        : unavailable();
  }

  private Refusal unavailable() {
    return new Refusal(
        ErrorCode.SERVICE_UNAVAILABLE,
        "The %s cannot be reached now; try again".formatted(name),
        RETRY_SOON);
  }
}
