package dev.skreaver.gateway.service;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFunction;
import reactor.core.publisher.Mono;

/**
 * All instances of a service. A call goes to the one of the highest weight for its key (rendezvous
 * hashing): when an instance is left out, only its own keys move, each to its second choice, and
 * come back with it. Nothing depends on the choice but how warm the caches are.
 */
final class Instances implements MeterBinder {
  private final List<Instance> all;
  private final AtomicLong rerouted = new AtomicLong();

  Instances(List<URI> addresses) {
    this.all = addresses.stream().map(Instance::new).toList();
  }

  List<Instance> all() {
    return all;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("skreaver.command.instances", () -> count(true))
        .tag("state", "available")
        .description("Instances of the command service that commands go to, and that are left out")
        .register(registry);
    Gauge.builder("skreaver.command.instances", () -> count(false))
        .tag("state", "left_out")
        .description("Instances of the command service that commands go to, and that are left out")
        .register(registry);
    FunctionCounter.builder("skreaver.command.rerouted", rerouted, AtomicLong::doubleValue)
        .description("Commands that went on to another instance, because theirs was gone")
        .register(registry);
  }

  private long count(boolean available) {
    return all.stream().filter(instance -> instance.available() == available).count();
  }

  /** The only one is never left out. */
  void leaveOut(Instance instance, String reason) {
    if (all.size() > 1) {
      instance.leaveOut(reason);
    }
  }

  /** From the first choice to the last: those that are left out come behind all the others. */
  List<Instance> choices(String key) {
    if (all.size() == 1) {
      return all;
    }
    record Choice(Instance instance, long weight, boolean available) {}
    return all.stream()
        .map(instance -> new Choice(instance, instance.weight(key), instance.available()))
        .sorted(
            Comparator.comparing(Choice::available).thenComparingLong(Choice::weight).reversed())
        .map(Choice::instance)
        .toList();
  }

  /**
   * Sends a request, whose address is a path, to its first choice; and to the next one, if the
   * former was never reached, or broke off and the request may be repeated.
   */
  Mono<ClientResponse> exchange(ClientRequest request, ExchangeFunction next) {
    Route route = Route.of(request.attributes());
    return exchange(request, next, route, choices(route.key()).iterator());
  }

  private Mono<ClientResponse> exchange(
      ClientRequest request, ExchangeFunction next, Route route, Iterator<Instance> choices) {
    Instance chosen = choices.next();
    return next.exchange(at(chosen, request))
        .onErrorResume(
            failure -> {
              if (!gone(failure)) {
                return Mono.error(failure);
              }
              leaveOut(chosen, String.valueOf(failure.getMessage()));
              if (!choices.hasNext() || !(neverReached(failure) || route.repeatable())) {
                return Mono.error(failure);
              }
              rerouted.incrementAndGet();
              return exchange(request, next, route, choices);
            });
  }

  private static ClientRequest at(Instance instance, ClientRequest request) {
    return ClientRequest.from(request)
        .url(URI.create(instance.address() + request.url().toString()))
        .build();
  }

  /** Whether no connection was made, so that nothing can have been done. */
  static boolean neverReached(Throwable failure) {
    return caused(failure, ConnectException.class)
        || caused(failure, NoRouteToHostException.class)
        || caused(failure, UnknownHostException.class);
  }

  private static boolean gone(Throwable failure) {
    return caused(failure, IOException.class);
  }

  static boolean caused(Throwable failure, Class<? extends Throwable> type) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }
}
