package dev.skreaver.gateway.subject;

import static org.springframework.http.MediaType.APPLICATION_JSON_VALUE;

import dev.skreaver.api.subject.SubjectErasure;
import dev.skreaver.gateway.request.Headers;
import dev.skreaver.gateway.security.Identity;
import dev.skreaver.platform.web.RequestIds;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Erasure over REST, for those who answer for personal data. */
@RestController
@RequestMapping(path = "/admin/subjects", produces = APPLICATION_JSON_VALUE)
class SubjectsEndpoint {
  private final SubjectErasure erasure;

  SubjectsEndpoint(SubjectErasure erasure) {
    this.erasure = erasure;
  }

  @PostMapping("/erase")
  Mono<ResponseEntity<SubjectErasure.Erased>> erase(
      @RequestBody EraseSubject body, Identity operator, ServerWebExchange exchange) {
    var caller = operator.caller(RequestIds.of(exchange));
    return erasure
        .erase(new SubjectErasure.Request(caller, body.subject(), body.reason()))
        .map(SubjectsEndpoint::answer);
  }

  private static ResponseEntity<SubjectErasure.Erased> answer(SubjectErasure.Erased erased) {
    return ResponseEntity.ok()
        .header(Headers.POSITION, String.valueOf(erased.position()))
        .body(erased);
  }
}
