package dev.skreaver.query.audit;

import static dev.skreaver.query.fixture.Lives.ACME;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.command.CommandQueries.Page;
import dev.skreaver.api.command.CommandQueries.Search;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CommandLedgerTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

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

  @Test
  void a_command_is_found_by_its_time_wherever_a_clock_that_jumped_has_put_it() {
    try (Stores stores = Stores.start();
        QueryNode node = QueryNode.start(stores)) {
      refused(stores, "pause", "ada", NOON.plus(Duration.ofHours(5)));
      refused(stores, "stop", "ada", NOON.minus(Duration.ofHours(3)));
      refused(stores, "resume", "ada", NOON.plusSeconds(1));
      refused(stores, "delete", "ada", NOON.minus(Duration.ofDays(1)));

      assertThat(commandsBetween(node, NOON, null)).containsExactly("pause", "resume");
      assertThat(commandsBetween(node, null, NOON)).containsExactly("stop", "delete");
      assertThat(commandsBetween(node, NOON, NOON.plusSeconds(2))).containsExactly("resume");
      assertThat(commandsBetween(node, NOON.plusSeconds(2), NOON.plusSeconds(3))).isEmpty();
    }
  }

  private static void refused(Stores stores, String command, String subject) {
    refused(stores, command, subject, NOON);
  }

  private static void refused(Stores stores, String command, String subject, Instant time) {
    stores.sql(
        """
        INSERT INTO event_store.command_ledger (position, command_id, time, tenant_id, outcome,
          command, agent_id, subject, authentication, request_id, correlation_id, error)
        VALUES (0, gen_random_uuid(), '%s', event_store.tenant_number('%s'), 'refused', '%s',
          'agent', '%s', 'jwt', 'request', 'correlation', 'illegal_transition')
        """
            .formatted(time, ACME.value(), command, subject));
  }

  private static List<String> commandsOf(QueryNode node, String actor) {
    return commands(node, new Search(ACME, null, actor, List.of(), null, null, "0-0", 10, null));
  }

  private static List<String> commandsBetween(
      QueryNode node, @Nullable Instant from, @Nullable Instant before) {
    return commands(node, new Search(ACME, null, null, List.of(), from, before, "0-0", 10, null));
  }

  private static List<String> commands(QueryNode node, Search search) {
    Page page = Objects.requireNonNull(node.commands().search(search).block());
    return page.commands().stream().map(command -> command.command()).toList();
  }
}
