package dev.skreaver.query;

import static dev.skreaver.query.fixture.Lives.agent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentQueries.Find;
import dev.skreaver.api.agent.AgentQueries.Sort;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.command.CommandQueries;
import dev.skreaver.api.event.CausationQueries;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.query.fixture.Ask;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class IndexesTest {
  private static final TenantId TENANT = new TenantId("tenant-7");
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final String SEQUENTIAL_SCANS =
      """
      SELECT string_agg(relname || ': ' || seq_scan, ', ' ORDER BY relname) FROM pg_stat_user_tables
      WHERE relname IN ('agent_1', 'audit_event_1', 'event_1', 'stream',
        'command_ledger')
      """;
  private static final String INDEX_SCANS =
      """
      SELECT sum(idx_scan)::bigint FROM pg_stat_user_tables
      WHERE relname IN ('agent_1', 'audit_event_1', 'event_1', 'stream',
        'command_ledger')
      """;
  private static final String READ_MODELS =
      "SELECT count(*) FROM pg_tables WHERE schemaname = 'read_model'"
          + " AND tablename IN ('agent_1', 'audit_event_1')";
  private static final String CONNECTIONS =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
          + " AND application_name LIKE 'skreaver-query%'";

  @Test
  void no_query_reads_a_whole_table() {
    try (Stores stores = Stores.start()) {
      fill(stores);
      makeReadModels(stores);
      fillReadModels(stores);
      stores.sql("VACUUM ANALYZE");
      stores.sql("SELECT pg_stat_force_next_flush()");
      String before = stores.text(SEQUENTIAL_SCANS);
      long indexed = stores.number(INDEX_SCANS);

      QueryNode node = QueryNode.start(stores);
      askAll(node.agents());
      askThePast(node.agents());
      askAll(node.events());
      askAll(node.commands());
      askAll(node.causation());
      ended(stores, node);

      assertThat(stores.text(SEQUENTIAL_SCANS)).isEqualTo(before);
      assertThat(stores.number(INDEX_SCANS)).isGreaterThan(indexed + 50);
    }
  }

  /** A first start makes their tables, in its own time. */
  private static void makeReadModels(Stores stores) {
    QueryNode node = QueryNode.start(stores);
    await().atMost(Duration.ofSeconds(60)).until(() -> stores.number(READ_MODELS) == 2);
    ended(stores, node);
  }

  /** Until its connections are gone, what they did is not counted. */
  private static void ended(Stores stores, QueryNode node) {
    node.close();
    await().atMost(Duration.ofSeconds(60)).until(() -> stores.number(CONNECTIONS) == 0);
  }

  private static void askAll(AgentQueries agents) {
    Find all = Ask.all(TENANT);
    for (Sort sort : Sort.values()) {
      for (boolean descending : new boolean[] {false, true}) {
        Find sorted = Ask.sorted(all, sort, descending);
        var first = Objects.requireNonNull(agents.list(Ask.page(sorted, 5, null)).block());
        agents.list(Ask.page(sorted, 5, first.nextCursor())).block();
      }
    }
    for (Find filtered :
        List.of(
            Ask.statuses(all, AgentStatus.PAUSED, AgentStatus.STOPPED),
            Ask.type(all, AgentType.BuiltIn.ANALYTICS),
            Ask.prefix(all, "name 12"),
            Ask.labels(all, Map.of("team", "team-3")),
            Ask.created(all, NOON.plusSeconds(1000), NOON.plusSeconds(2000)))) {
      agents.list(Ask.page(filtered, 5, null)).block();
    }
    agents.get(new AgentQueries.Get(agent(TENANT, "agent-6"), null)).block();
    agents.at(new AgentQueries.GetAt(agent(TENANT, "agent-6"), 20_000L, null)).block();
    agents
        .at(new AgentQueries.GetAt(agent(TENANT, "agent-6"), null, NOON.plusSeconds(9_000)))
        .block();
  }

  private static void askThePast(AgentQueries agents) {
    Find all = Ask.all(TENANT);
    for (Sort sort : new Sort[] {Sort.CREATED_AT, Sort.AGENT_ID}) {
      for (boolean descending : new boolean[] {false, true}) {
        Find sorted = Ask.sorted(all, sort, descending);
        var at = new AgentQueries.Moment(20_000L, null);
        var first =
            Objects.requireNonNull(
                agents.listAt(new AgentQueries.FindAt(Ask.page(sorted, 5, null), at)).block());
        agents.listAt(new AgentQueries.FindAt(Ask.page(sorted, 5, first.nextCursor()), at)).block();
      }
    }
    agents
        .listAt(
            new AgentQueries.FindAt(
                Ask.page(all, 5, null), new AgentQueries.Moment(null, NOON.plusSeconds(9_000))))
        .block();
  }

  private static void askAll(EventQueries events) {
    var agentId = new AgentId("agent-6");
    for (long after : new long[] {0, 10_000, 19_990}) {
      events.history(new EventQueries.After(TENANT, null, after, 10)).block();
      events.history(new EventQueries.After(TENANT, agentId, after, 10)).block();
      events.search(search(null, List.of(), null, null, null, after)).block();
      events.search(search(agentId, List.of(), null, null, null, after)).block();
      events.search(search(null, List.of("agent.paused"), null, null, null, after)).block();
      events.search(search(null, List.of(), "subject-3", null, null, after)).block();
      events.search(search(null, List.of(), null, "correlation-3", null, after)).block();
      events.search(search(null, List.of(), null, null, NOON.plusSeconds(15_000), after)).block();
    }
    events.bounds().block();
  }

  private static void askAll(CommandQueries commands) {
    for (String after : new String[] {"0-0", "10000-10000", "19990-19990"}) {
      for (@Nullable AgentId agent : new @Nullable AgentId[] {null, new AgentId("agent-6")}) {
        for (@Nullable String actor : new @Nullable String[] {null, "subject-3"}) {
          commands
              .search(
                  new CommandQueries.Search(
                      TENANT, agent, actor, List.of(), null, null, after, 10, null))
              .block();
        }
      }
    }
    commands.get(new CommandQueries.Get(TENANT, UUID.randomUUID(), null)).onErrorComplete().block();
  }

  private static void askAll(CausationQueries causation) {
    for (long position : new long[] {10, 5_010, 19_960}) {
      var from = new CausationQueries.From(TENANT, null, position, 25, 10, null);
      causation.causes(from).onErrorComplete().block();
      causation.effects(from).onErrorComplete().block();
    }
  }

  private static EventQueries.Search search(
      @Nullable AgentId agent,
      List<String> types,
      @Nullable String actor,
      @Nullable String correlation,
      @Nullable Instant from,
      long after) {
    return new EventQueries.Search(
        TENANT, agent, types, actor, correlation, from, null, after, 10, null);
  }

  /** Twenty thousand agents of fifty tenants, with an event each. */
  private static void fill(Stores stores) {
    stores.sql("SELECT event_store.tenant_number('tenant-' || n) FROM generate_series(1, 50) AS n");
    stores.sql("SELECT event_store.event_type_number('agent.created', 1::smallint)");
    stores.sql(
        """
        SELECT event_store.append(
          array_agg(tenant), array_agg('agent-' || n), array_agg(-n), array_agg(tenant),
          array_agg(0::bigint), array_agg(gen_random_uuid()), array_agg(1::smallint),
          array_agg((extract(epoch FROM timestamptz '2026-03-01T12:00Z' + n * interval '1 second')
            * 1000000)::bigint),
          array_agg(convert_to('{"subject":"subject-' || n % 100 || '","authentication":"jwt"}',
            'UTF8')),
          array_agg(sha256('p')), array_agg(sha256('q')), array_agg(sha256('r')),
          array_agg(''::bytea),
          array_agg(convert_to('{"agent_id":"agent-' || n || '","owner":"owner","spec":'
            || '{"agent_type":"echo","labels":{},"config":{},"limits":{"max_memory_mb":16,'
            || '"max_observation_size_kb":64,"max_concurrent_tools":1,'
            || '"execution_timeout_secs":10}}}', 'UTF8')))
        FROM (SELECT n, event_store.tenant_number('tenant-' || n % 50 + 1) AS tenant
          FROM generate_series(1::bigint, 20000) AS n) AS agents
        """);
  }

  /** As if the agents had lived; the projections stay where they are. */
  private static void fillReadModels(Stores stores) {
    stores.sql("TRUNCATE read_model.agent_1, read_model.audit_event_1");
    stores.sql("UPDATE read_model.projection_token SET position = 20000");
    stores.sql(
        """
        INSERT INTO read_model.agent_1
        SELECT tenant, agent_id, time, (ARRAY['echo', 'advanced', 'analytics'])[position % 3 + 1],
          '{"max_memory_mb":16,"max_observation_size_kb":64,"max_concurrent_tools":1,"execution_timeout_secs":10}',
          'owner', (ARRAY['ready', 'paused', 'stopped', 'initializing'])[position % 4 + 1], null,
          time, CASE WHEN position % 5 > 0 THEN 'name ' || position END,
          jsonb_build_object(tenant, jsonb_build_object('team', 'team-' || position % 40)),
          '{}', position % 10 = 9, time, 0
        FROM event_store.recorded_event
        """);
    stores.sql(
        """
        INSERT INTO read_model.audit_event_1
        SELECT position, tenant, agent_id,
          CASE WHEN position % 50 = 6 THEN 'agent.paused' ELSE 'agent.created' END,
          'subject-' || position % 100, 'correlation-' || position % 1000, time, event_id,
          gen_random_uuid(), CASE WHEN position % 10 = 0 THEN event_id::text END
        FROM event_store.recorded_event
        """);
    stores.sql(
        """
        INSERT INTO event_store.command_ledger (position, command_id, time, tenant_id, outcome,
          command, agent_id, subject, authentication, request_id, correlation_id, error)
        SELECT e.position, gen_random_uuid(), e.time, e.tenant_id, 'refused', 'resume', s.key,
          'ada', 'jwt', 'request', 'correlation', 'illegal_transition'
        FROM event_store.event e JOIN event_store.stream s USING (stream_id) ORDER BY e.position
        """);
  }
}
