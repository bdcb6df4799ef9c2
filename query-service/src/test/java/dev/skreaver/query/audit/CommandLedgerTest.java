package dev.skreaver.query.audit;

import static dev.skreaver.query.fixture.Lives.ACME;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.command.CommandQueries.Page;
import dev.skreaver.api.command.CommandQueries.Search;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class CommandLedgerTest {
  @Test
  void a_name_from_before_names_were_sealed_is_found_and_no_other_with_it() {
    try (Stores stores = Stores.start();
        QueryNode node = QueryNode.start(stores)) {
      refused(stores, "pause", "ada");
      refused(stores, "stop", "bob");
      refused(stores, "resume", "ada");

      assertThat(commandsOf(node, "ada")).containsExactly("pause", "resume");
      assertThat(commandsOf(node, "bob")).containsExactly("stop");
      assertThat(commandsOf(node, "nobody")).isEmpty();
    }
  }

  private static void refused(Stores stores, String command, String subject) {
    stores.sql(
        """
        INSERT INTO event_store.command_ledger (position, command_id, time, tenant_id, outcome,
          command, agent_id, subject, authentication, request_id, correlation_id, error)
        VALUES (0, gen_random_uuid(), now(), event_store.tenant_number('%s'), 'refused', '%s',
          'agent', '%s', 'jwt', 'request', 'correlation', 'illegal_transition')
        """
            .formatted(ACME.value(), command, subject));
  }

  private static List<String> commandsOf(QueryNode node, String actor) {
    var search = new Search(ACME, null, actor, List.of(), null, null, "0-0", 10, null);
    Page page = Objects.requireNonNull(node.commands().search(search).block());
    return page.commands().stream().map(command -> command.command()).toList();
  }
}
