package dev.skreaver.gateway.agent;

import static org.springframework.http.MediaType.APPLICATION_JSON_VALUE;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.gateway.request.NoMembers;
import dev.skreaver.gateway.request.Read;
import dev.skreaver.gateway.request.Write;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/**
 * Agents over REST. A command goes to the command service and its answer is the agent after it, or,
 * with {@code ?dry_run=true}, what it would do; a query goes to the read model. What the agent may
 * do is decided there, not here. A client that takes no JSON is refused before anything is done.
 */
@RestController
@RequestMapping(path = "/agents", produces = APPLICATION_JSON_VALUE)
class AgentsEndpoint {
  private final AgentCommands commands;
  private final AgentQueries queries;

  AgentsEndpoint(AgentCommands commands, AgentQueries queries) {
    this.commands = commands;
    this.queries = queries;
  }

  @PostMapping
  @ResponseStatus(HttpStatus.CREATED)
  Mono<ResponseEntity<Object>> create(@RequestBody CreateAgent body, Write write) {
    var creation = new AgentCreation(body, write);
    return write.dryRun()
        ? creation.by(commands::dryRun).map(AgentAnswer::proposed)
        : creation.by(commands::send).map(AgentAnswer::created);
  }

  @PostMapping("/{id}/pause")
  Mono<ResponseEntity<Object>> pause(
      @PathVariable("id") AgentId id, @RequestBody Reason body, Write write) {
    return send(new AgentCommand.Pause(write.agent(id), body.reason()), body, write);
  }

  @PostMapping("/{id}/resume")
  Mono<ResponseEntity<Object>> resume(
      @PathVariable("id") AgentId id,
      @RequestBody(required = false) @Nullable NoMembers body,
      Write write) {
    return send(new AgentCommand.Resume(write.agent(id)), null, write);
  }

  @PostMapping("/{id}/stop")
  Mono<ResponseEntity<Object>> stop(
      @PathVariable("id") AgentId id, @RequestBody Reason body, Write write) {
    return send(new AgentCommand.Stop(write.agent(id), body.reason()), body, write);
  }

  @PostMapping("/{id}/error")
  Mono<ResponseEntity<Object>> error(
      @PathVariable("id") AgentId id, @RequestBody ErrorReport body, Write write) {
    return send(
        new AgentCommand.ReportError(write.agent(id), body.error(), body.recoverable()),
        body,
        write);
  }

  @PostMapping("/{id}/recover")
  Mono<ResponseEntity<Object>> recover(
      @PathVariable("id") AgentId id,
      @RequestBody(required = false) @Nullable NoMembers body,
      Write write) {
    return send(new AgentCommand.Recover(write.agent(id)), null, write);
  }

  @PatchMapping(
      path = "/{id}",
      consumes = {APPLICATION_JSON_VALUE, "application/merge-patch+json"})
  Mono<ResponseEntity<Object>> update(
      @PathVariable("id") AgentId id, @RequestBody AgentChanges body, Write write) {
    return send(new AgentCommand.Update(write.agent(id), body.members()), body, write);
  }

  @DeleteMapping("/{id}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  Mono<ResponseEntity<Object>> delete(@PathVariable("id") AgentId id, Write write) {
    return send(new AgentCommand.Delete(write.agent(id)), null, write, AgentAnswer::deleted);
  }

  @GetMapping
  Mono<ResponseEntity<AgentPage>> list(AgentFilters filters, Read read) {
    return filters.page(read, queries).map(AgentAnswer::page);
  }

  @GetMapping("/{id}")
  Mono<ResponseEntity<AgentView>> get(@PathVariable("id") AgentId id, At at, Read read) {
    return at.of(read.agent(id), read.minPosition(), queries).map(AgentAnswer::found);
  }

  @GetMapping("/{id}/status")
  Mono<ResponseEntity<AgentState>> status(@PathVariable("id") AgentId id, Read read) {
    return queries
        .get(new AgentQueries.Get(read.agent(id), read.minPosition()))
        .map(AgentAnswer::state);
  }

  @GetMapping("/{id}/diff")
  Mono<ResponseEntity<AgentDifference>> diff(
      @PathVariable("id") AgentId id, Between between, Read read) {
    return queries.diff(between.compare(read.agent(id))).map(AgentAnswer::difference);
  }

  private Mono<ResponseEntity<Object>> send(
      AgentCommand command, @Nullable Object body, Write write) {
    return send(command, body, write, AgentAnswer::changed);
  }

  private Mono<ResponseEntity<Object>> send(
      AgentCommand command,
      @Nullable Object body,
      Write write,
      Function<AgentCommands.Receipt, ResponseEntity<Object>> answer) {
    AgentCommands.Request request = write.request(command, body);
    return write.dryRun()
        ? commands.dryRun(request).map(AgentAnswer::proposed)
        : commands.send(request).map(answer);
  }
}
