package dev.skreaver.gateway.service;

import dev.skreaver.platform.health.ReadinessCheck;
import dev.skreaver.platform.health.ReadinessStatus;
import java.util.Map;
import java.util.SequencedMap;
import org.springframework.http.MediaType;
import reactor.core.publisher.Mono;

/** A service behind the gateway is a component of it, and its components are the figures. */
final class RemoteReadiness implements ReadinessCheck {
  private final String name;
  private final RemoteService service;

  RemoteReadiness(String name, RemoteService service) {
    this.name = name;
    this.service = service;
  }

  private record Report(ReadinessStatus status, SequencedMap<String, Component> components) {}

  private record Component(ReadinessStatus status) {}

  @Override
  public String name() {
    return name;
  }

  @Override
  public Mono<Finding> check() {
    return service
        .plain()
        .get()
        .uri("/ready")
        .accept(MediaType.APPLICATION_JSON)
        .exchangeToMono(answer -> answer.bodyToMono(Report.class))
        .map(RemoteReadiness::finding)
        .onErrorReturn(Finding.unhealthy("it cannot be reached"));
  }

  private static Finding finding(Report report) {
    var finding = new Finding(report.status(), Map.of());
    for (var component : report.components().entrySet()) {
      finding =
          finding.with(
              component.getKey(), component.getValue().status().getClass().getSimpleName());
    }
    return finding;
  }
}
