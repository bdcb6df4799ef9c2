package dev.skreaver.gateway.admin;

import static org.springframework.http.MediaType.APPLICATION_JSON_VALUE;

import dev.skreaver.api.projection.ProjectionAdmin;
import dev.skreaver.gateway.request.NoMembers;
import dev.skreaver.gateway.security.Identity;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** Projections and dead letters over REST, for operators. */
@RestController
@RequestMapping(path = "/admin", produces = APPLICATION_JSON_VALUE)
class AdminEndpoint {
  private final ProjectionAdmin projections;

  AdminEndpoint(ProjectionAdmin projections) {
    this.projections = projections;
  }

  @GetMapping("/projections")
  Mono<Projections> projections(Identity operator) {
    return projections.list().collectList().map(Projections::new);
  }

  @PostMapping("/projections/{name}/replay")
  @ResponseStatus(HttpStatus.ACCEPTED)
  Mono<ProjectionAdmin.Projection> replay(
      @PathVariable("name") ProjectionName name,
      @RequestBody(required = false) @Nullable Pace body,
      Identity operator) {
    return projections.replay(name.value(), Pace.of(body));
  }

  @PostMapping("/projections/{name}/replay/pause")
  Mono<ProjectionAdmin.Projection> pauseReplay(
      @PathVariable("name") ProjectionName name,
      @RequestBody(required = false) @Nullable NoMembers body,
      Identity operator) {
    return projections.pauseReplay(name.value());
  }

  @PostMapping("/projections/{name}/replay/resume")
  Mono<ProjectionAdmin.Projection> resumeReplay(
      @PathVariable("name") ProjectionName name,
      @RequestBody(required = false) @Nullable Pace body,
      Identity operator) {
    return projections.resumeReplay(name.value(), Pace.of(body));
  }

  @GetMapping("/dead-letters")
  Mono<DeadLetters> deadLetters(DeadLetterPage page, Identity operator) {
    return projections
        .deadLetters(page.before(), page.size())
        .collectList()
        .map(letters -> DeadLetters.of(letters, page.size()));
  }

  @PostMapping("/dead-letters/{id}/retry")
  Mono<ProjectionAdmin.Retry> retry(
      @PathVariable("id") DeadLetterId id,
      @RequestBody(required = false) @Nullable NoMembers body,
      Identity operator) {
    return projections.retry(id.value());
  }
}
