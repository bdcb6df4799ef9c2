package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.gateway.request.Headers;
import java.net.URI;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;

/** What services answer, as HTTP: the position and the version go into headers. */
final class AgentAnswer {
  private AgentAnswer() {}

  static ResponseEntity<Object> created(Receipt receipt) {
    return receipt(HttpStatus.CREATED, receipt)
        .location(URI.create("/agents/" + receipt.agent().agentId()))
        .body(receipt.agent());
  }

  static ResponseEntity<Object> changed(Receipt receipt) {
    return receipt(HttpStatus.OK, receipt).body(receipt.agent());
  }

  static ResponseEntity<Object> deleted(Receipt receipt) {
    return receipt(HttpStatus.NO_CONTENT, receipt).build();
  }

  /** Its version and position are those of the agent that it was decided on, if there is one. */
  static ResponseEntity<Object> proposed(AgentCommands.DryRun dryRun) {
    var answer = ResponseEntity.ok();
    if (dryRun.decidedOn() >= 0) {
      answer
          .eTag(Headers.etag(dryRun.decidedOn()))
          .header(Headers.POSITION, String.valueOf(dryRun.position()));
    }
    return answer.body(new DryRun(dryRun.events(), dryRun.agent()));
  }

  static ResponseEntity<AgentView> found(AgentQueries.Found found) {
    return found(found.agent(), found);
  }

  static ResponseEntity<AgentState> state(AgentQueries.Found found) {
    return found(AgentState.of(found.agent()), found);
  }

  static ResponseEntity<AgentPage> page(AgentPage page) {
    return ResponseEntity.ok().header(Headers.POSITION, String.valueOf(page.position())).body(page);
  }

  static ResponseEntity<AgentDifference> difference(AgentQueries.Difference difference) {
    return ResponseEntity.ok()
        .header(Headers.POSITION, String.valueOf(difference.position()))
        .body(AgentDifference.of(difference));
  }

  private static <T> ResponseEntity<T> found(T body, AgentQueries.Found found) {
    return ResponseEntity.ok()
        .eTag(Headers.etag(found.agent().version()))
        .header(Headers.POSITION, String.valueOf(found.position()))
        .body(body);
  }

  private static ResponseEntity.BodyBuilder receipt(HttpStatus status, Receipt receipt) {
    var answer =
        ResponseEntity.status(status)
            .eTag(Headers.etag(receipt.agent().version()))
            .header(Headers.POSITION, String.valueOf(receipt.position()));
    if (receipt.commandId() != null) {
      answer.header(Headers.COMMAND_ID, receipt.commandId().toString());
    }
    return receipt.repeated() ? answer.header(Headers.IDEMPOTENCY_REPLAYED, "true") : answer;
  }
}
