package dev.skreaver.gateway.service;

import dev.skreaver.platform.health.ReadinessCheck;
import dev.skreaver.platform.health.ReadinessStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.springframework.context.SmartLifecycle;
import org.springframework.http.MediaType;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A service behind the gateway is a component of it, and its components are the figures; of several
 * instances, each is a figure. Where there are several, they are looked at all the time, and one
 * that cannot serve is left out until it can.
 */
final class RemoteReadiness implements ReadinessCheck, SmartLifecycle {
  private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);

  /**
   * Less than what the whole check may take, so that one silent instance does not hide the others.
   */
  private static final Duration PATIENCE = Duration.ofMillis(1_500);

  private final String name;
  private final RemoteService service;
  private Disposable watch = Disposables.disposed();

  RemoteReadiness(String name, RemoteService service) {
    this.name = name;
    this.service = service;
  }

  @Override
  public void start() {
    if (instances().size() > 1) {
      watch = look().then(Mono.delay(BETWEEN_LOOKS)).repeat().subscribe();
    }
  }

  /** Before the event loops, which end when nothing is asked of them any more. */
  @Override
  public void stop() {
    watch.dispose();
  }

  @Override
  public boolean isRunning() {
    return !watch.isDisposed();
  }

  private record Report(ReadinessStatus status, SequencedMap<String, Component> components) {}

  private record Component(ReadinessStatus status) {}

  private record Look(Instance instance, Finding finding) {
    ReadinessStatus status() {
      return finding.status();
    }

    @Override
    public String toString() {
      return instance.address() + ": " + status().reason();
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Mono<Finding> check() {
    return look().map(RemoteReadiness::sum);
  }

  private List<Instance> instances() {
    return service.instances().all();
  }

  private Mono<List<Look>> look() {
    return Flux.fromIterable(instances())
        .flatMapSequential(this::lookAt, instances().size())
        .collectList();
  }

  private Mono<Look> lookAt(Instance instance) {
    return service
        .plain()
        .get()
        .uri(instance.address() + "/ready")
        .accept(MediaType.APPLICATION_JSON)
        .exchangeToMono(answer -> answer.bodyToMono(Report.class))
        .map(RemoteReadiness::finding)
        .timeout(PATIENCE)
        .onErrorReturn(Finding.unhealthy("it cannot be reached"))
        .defaultIfEmpty(Finding.unhealthy("it answers nothing"))
        .map(finding -> new Look(instance, finding))
        .doOnNext(this::remember);
  }

  private void remember(Look look) {
    if (look.status() instanceof ReadinessStatus.Unhealthy unhealthy) {
      service.instances().leaveOut(look.instance(), unhealthy.reason());
    } else {
      look.instance().takeBack();
    }
  }

  private static Finding finding(Report report) {
    var finding = new Finding(report.status(), Map.of());
    for (var component : report.components().entrySet()) {
      finding = finding.with(component.getKey(), word(component.getValue().status()));
    }
    return finding;
  }

  private static Finding sum(List<Look> looks) {
    if (looks.size() == 1) {
      return looks.getFirst().finding();
    }
    String out = reasons(looks, ReadinessStatus.Unhealthy.class::isInstance);
    String amiss = reasons(looks, status -> !(status instanceof ReadinessStatus.Healthy));
    boolean none =
        looks.stream().allMatch(look -> look.status() instanceof ReadinessStatus.Unhealthy);
    Finding finding =
        none
            ? Finding.unhealthy(out)
            : amiss.isEmpty() ? Finding.healthy() : Finding.degraded(amiss);
    for (Look look : looks) {
      finding = finding.with(look.instance().address().toString(), word(look.status()));
    }
    return finding;
  }

  private static String reasons(List<Look> looks, Predicate<ReadinessStatus> which) {
    return looks.stream()
        .filter(look -> which.test(look.status()))
        .map(Look::toString)
        .collect(Collectors.joining(", "));
  }

  private static String word(ReadinessStatus status) {
    return status.getClass().getSimpleName();
  }
}
