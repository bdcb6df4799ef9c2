package dev.skreaver.api.subject;

import dev.skreaver.api.caller.Caller;
import java.time.Instant;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;
import reactor.core.publisher.Mono;

/** What the command service offers to those who answer for personal data. */
@HttpExchange("/internal/subjects")
public interface SubjectErasure {
  /**
   * Destroys the key of a subject of the caller's tenant, and records that in an event. Once it
   * answers, this is durable. To ask again is no error. Fails with {@link
   * dev.skreaver.api.error.Refusal}: {@code subject_not_found} for a subject that never acted.
   */
  @PostExchange("/erasures")
  Mono<Erased> erase(@RequestBody Request request);

  /**
   * @param subject the name, as tokens have it
   * @param reason why; it is kept, and must not hold the name
   */
  record Request(Caller caller, String subject, String reason) {}

  /**
   * @param subject the pseudonym that is shown instead of the name from now on
   * @param erasedAt when that was done
   * @param position of the event that tells of it
   * @param repeated whether it had been done before this request
   */
  record Erased(String subject, Instant erasedAt, long position, boolean repeated) {}
}
