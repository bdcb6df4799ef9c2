package dev.skreaver.api.agent;

import dev.skreaver.api.caller.Caller;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;
import reactor.core.publisher.Mono;

/** What the command service offers for agents. */
@HttpExchange("/internal/agents")
public interface AgentCommands {
  /**
   * Carries a command out. When the answer arrives the change is durable.
   *
   * @return the agent after the command; fails with {@link dev.skreaver.api.error.Refusal}
   */
  @PostExchange("/commands")
  Mono<Receipt> send(@RequestBody Request request);

  /**
   * @param expectedVersion the version that the agent must have, or it is refused with {@code
   *     version_mismatch}
   * @param idempotency makes a repeat return the first answer, for 24 hours
   */
  record Request(
      AgentCommand command,
      Caller caller,
      @Nullable Long expectedVersion,
      @Nullable Idempotency idempotency) {}

  /**
   * @param key chosen by the client; its scope is the caller's tenant and subject
   * @param fingerprint a digest of what the client sent: the same key with another fingerprint is
   *     refused with {@code idempotency_key_reused}
   */
  record Idempotency(String key, String fingerprint) {}

  /**
   * @param position of the command's last event in the event store; of the agent's last event where
   *     the command changed nothing
   * @param repeated whether this is the stored answer of an earlier request with the same key
   */
  record Receipt(AgentView agent, long position, boolean repeated) {}
}
