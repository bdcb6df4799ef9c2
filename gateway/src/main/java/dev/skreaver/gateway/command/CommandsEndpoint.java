package dev.skreaver.gateway.command;

import static org.springframework.http.MediaType.APPLICATION_JSON_VALUE;

import dev.skreaver.api.command.CommandQueries;
import dev.skreaver.api.command.RecordedCommand;
import dev.skreaver.gateway.request.Headers;
import dev.skreaver.gateway.request.Read;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

/** The command ledger over REST. */
@RestController
@RequestMapping(path = "/commands", produces = APPLICATION_JSON_VALUE)
class CommandsEndpoint {
  private final CommandQueries queries;

  CommandsEndpoint(CommandQueries queries) {
    this.queries = queries;
  }

  @GetMapping
  Mono<ResponseEntity<CommandPage>> commands(CommandFilters filters, Read read) {
    return queries
        .search(filters.search(read))
        .map(page -> answer(new CommandPage(page.commands(), page.next()), page.position()));
  }

  @GetMapping("/{id}")
  Mono<ResponseEntity<RecordedCommand>> command(
      @PathVariable("id") CommandId id, OfTenant of, Read read) {
    var query = new CommandQueries.Get(read.tenant(of.tenant()), id.value(), read.minPosition());
    return queries.get(query).map(found -> answer(found.command(), found.position()));
  }

  private static <T> ResponseEntity<T> answer(T body, long position) {
    return ResponseEntity.ok().header(Headers.POSITION, String.valueOf(position)).body(body);
  }
}
