package dev.skreaver.command.subject;

import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.subject.SubjectErased;
import dev.skreaver.api.subject.SubjectErasure;
import dev.skreaver.command.store.KeyDestruction;
import dev.skreaver.command.store.KeyDestruction.Destroyed;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.command.store.SubjectKeys.Actor;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.regex.Pattern;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.GenericDomainEventMessage;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** Erases on request, off the event loop. */
@RestController
final class SubjectErasureEndpoint implements SubjectErasure {
  private static final int LONGEST_REASON = 1_000;

  private final KeyDestruction keys;
  private final PostgresEventStorageEngine engine;
  private final ExecutorService virtualThreads;

  SubjectErasureEndpoint(
      KeyDestruction keys, PostgresEventStorageEngine engine, ExecutorService commandThreads) {
    this.keys = keys;
    this.engine = engine;
    this.virtualThreads = commandThreads;
  }

  /** An erasure goes on when its caller has gone away. */
  @Override
  public Mono<Erased> erase(Request request) {
    return Mono.fromFuture(
        () -> CompletableFuture.supplyAsync(() -> carryOut(request), virtualThreads), true);
  }

  private Erased carryOut(Request request) {
    check(request);
    Destroyed done =
        keys.destroy(
                request.caller().tenant().value(),
                request.subject(),
                (stream, pseudonym) -> event(request, stream, pseudonym))
            .orElseThrow(() -> notFound(request.subject()));
    return new Erased(done.pseudonym(), done.at(), done.position(), done.repeated());
  }

  private DomainEventMessage<SubjectErased> event(
      Request request, String stream, String pseudonym) {
    Caller caller = request.caller();
    Actor actor = engine.subjects().actor(caller.tenant().value(), caller.subject());
    return new GenericDomainEventMessage<>(
        "subject",
        stream,
        0,
        new SubjectErased(pseudonym, actor.seal(request.reason())),
        metadata(caller, actor));
  }

  private static Map<String, String> metadata(Caller caller, Actor actor) {
    var metadata =
        new HashMap<>(
            Map.of(
                "tenant", caller.tenant().value(),
                "subject", actor.sealedName(),
                "authentication", caller.authentication(),
                "request_id", caller.requestId(),
                "correlation_id", caller.correlationId()));
    if (caller.causationId() != null) {
      metadata.put("causation_id", caller.causationId());
    }
    return metadata;
  }

  private static void check(Request request) {
    String subject = request.subject();
    if (subject.isBlank() || subject.indexOf('\0') >= 0) {
      throw Refusal.invalidField("subject", "give the subject's name as its tokens have it");
    }
    String reason = request.reason();
    if (reason.isBlank() || reason.length() > LONGEST_REASON) {
      throw Refusal.invalidField("reason", "give 1 to %d characters".formatted(LONGEST_REASON));
    }
    if (names(reason, subject)) {
      throw Refusal.invalidField("reason", "must not hold the name that is to be erased");
    }
  }

  private static boolean names(String reason, String subject) {
    return Pattern.compile(
            "(?iu)(?<![\\p{L}\\p{N}])" + Pattern.quote(subject) + "(?![\\p{L}\\p{N}])")
        .matcher(reason)
        .find();
  }

  private static Refusal notFound(String subject) {
    return new Refusal(
        ErrorCode.SUBJECT_NOT_FOUND,
        "Nothing is known of a subject '%s' in this tenant; give the name as its tokens have it"
            .formatted(Refusal.quote(subject)));
  }
}
