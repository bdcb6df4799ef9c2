package dev.skreaver.api.agent;

import dev.skreaver.api.caller.Caller;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/** What the command service offers for agents. */
@HttpExchange("/internal/agents")
public interface AgentCommands {
  /**
   * Carries a command out. When the answer arrives the change is durable.
   *
   * @return the agent after the command; fails with {@link dev.skreaver.api.error.Refusal}, whose
   *     details have the command's id as {@code command_id}
   */
  @PostExchange("/commands")
  Mono<Receipt> send(@RequestBody Request request);

  /**
   * Decides a command as {@link #send} would, on the agent as the event store has it, and keeps
   * nothing of it: no event, no receipt. Its idempotency key is not looked at.
   *
   * @return fails with the {@link dev.skreaver.api.error.Refusal} that the command would meet
   */
  @PostExchange("/dry-runs")
  Mono<DryRun> dryRun(@RequestBody Request request);

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
   * @param commandId of this very command, under which the ledger has it; null from a service of a
   *     release without one
   */
  record Receipt(AgentView agent, long position, boolean repeated, @Nullable UUID commandId) {}

  /**
   * @param events that the command would append; none if it would change nothing
   * @param agent as it would be afterwards
   * @param position of the agent's last event; 0 if there is no such agent yet
   */
  record DryRun(List<ProposedEvent> events, AgentView agent, long position) {
    /** The version of the agent that this was decided on; -1 if there is no such agent yet. */
    public long decidedOn() {
      return events.isEmpty() ? agent.version() : events.getFirst().version() - 1;
    }
  }

  /**
   * An event that has not happened.
   *
   * @param type the event's name, for example {@code agent.paused}
   * @param version the number of the event within its agent, counted from 0
   * @param data the event's payload
   */
  record ProposedEvent(String type, int revision, long version, JsonNode data) {}
}
