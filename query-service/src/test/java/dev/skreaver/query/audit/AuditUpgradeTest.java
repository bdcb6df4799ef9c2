package dev.skreaver.query.audit;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.event.CausationQueries.From;
import dev.skreaver.query.fixture.Lives;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class AuditUpgradeTest {
  private static final String INDEX_OF_AN_OLDER_RELEASE =
      """
      CREATE TABLE read_model.audit_event_1 (LIKE read_model.audit_event_template INCLUDING ALL);
      CREATE VIEW read_model.audit_event AS SELECT * FROM read_model.audit_event_1;
      INSERT INTO read_model.projection (name, live_generation) VALUES ('audit', 1);
      INSERT INTO read_model.projection_token (projection, generation, segment, position)
        SELECT 'audit', 1, segment, 1 FROM generate_series(0, 3) AS segment;
      INSERT INTO read_model.audit_event_1
        SELECT position, tenant, agent_id, type, 'ada', NULL, time FROM event_store.recorded_event;
      """;

  @Test
  void events_that_an_older_release_has_indexed_are_found_by_their_ids_after_the_upgrade() {
    try (Stores stores = Stores.start()) {
      AgentKey agent = agent(ACME, "old");
      UUID event = UUID.randomUUID();
      stores.append(
          agent,
          event,
          Instant.parse("2026-03-01T12:00:00Z"),
          Map.of("subject", "ada", "authentication", "jwt"),
          Lives.created(agent));
      stores.migrateReadModel("5");
      stores.sql(INDEX_OF_AN_OLDER_RELEASE);

      try (QueryNode node = QueryNode.start(stores)) {
        await()
            .atMost(Duration.ofSeconds(60))
            .until(
                () ->
                    stores.number(
                            "SELECT count(*) FROM read_model.projection WHERE name = 'audit'"
                                + " AND version = 2 AND live_generation IS NOT NULL")
                        == 1);
        var trace = node.causation().causes(new From(ACME, event, null, 1, 1, null)).block();
        assertThat(Objects.requireNonNull(trace).event().position()).isEqualTo(stores.last());
      }
    }
  }
}
