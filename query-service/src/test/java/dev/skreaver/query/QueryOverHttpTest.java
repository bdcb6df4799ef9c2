package dev.skreaver.query;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.command.CommandOutcome;
import dev.skreaver.api.command.CommandQueries;
import dev.skreaver.api.event.CausationQueries;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.fixture.Ask;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** The queries through the web server, as the gateway of another process asks them. */
class QueryOverHttpTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Stamp NOON = Stamp.at(Instant.parse("2026-03-01T12:00:00Z"));
  private static final AgentKey AGENT = agent(ACME, "remote");

  private static Stores stores;
  private static QueryNode node;
  private static long created;

  @BeforeAll
  static void start() {
    stores = Stores.start();
    node = QueryNode.serve(stores);
    created = stores.append(AGENT, NOON, created(AGENT));
    stores.append(AGENT, NOON, new AgentEvent.Paused(AGENT.id(), "lunch"));
    stores.sql(
        """
        INSERT INTO event_store.command_ledger (position, command_id, time, tenant_id, outcome,
          command, agent_id, subject, authentication, request_id, correlation_id, error)
        VALUES (1, gen_random_uuid(), now(), event_store.tenant_number('acme'), 'refused', 'pause',
          'remote', 'ada', 'jwt', 'request', 'correlation', 'illegal_transition')
        """);
    node.catchUp();
  }

  @AfterAll
  static void stop() {
    node.close();
    stores.close();
  }

  @Test
  void every_question_is_answered_as_in_the_same_process() {
    AgentQueries agents = node.overHttp(AgentQueries.class);
    EventQueries events = node.overHttp(EventQueries.class);
    var get = new AgentQueries.Get(AGENT, null);
    var at = new AgentQueries.GetAt(AGENT, created, null);
    var listAt = new AgentQueries.FindAt(Ask.all(ACME), new AgentQueries.Moment(null, NOON.time()));
    var diff = new AgentQueries.Compare(AGENT, new AgentQueries.Moment(created, null), null);
    var history = new EventQueries.After(ACME, AGENT.id(), 0, 10);
    var search =
        new EventQueries.Search(
            ACME, null, List.of("agent.paused"), "ada", null, NOON.time(), null, 0, 10, null);

    assertSame(agents.get(get), node.agents().get(get));
    assertSame(agents.list(Ask.all(ACME)), node.agents().list(Ask.all(ACME)));
    assertSame(agents.at(at), node.agents().at(at));
    assertSame(agents.listAt(listAt), node.agents().listAt(listAt));
    assertSame(agents.diff(diff), node.agents().diff(diff));
    assertSame(events.history(history), node.events().history(history));
    assertSame(events.search(search), node.events().search(search));
    assertSame(events.bounds(), node.events().bounds());
  }

  @Test
  void so_are_questions_about_commands_and_causes() {
    var search =
        new CommandQueries.Search(
            ACME,
            AGENT.id(),
            "ada",
            List.of(CommandOutcome.REFUSED, CommandOutcome.ACCEPTED),
            NOON.time(),
            null,
            "0-0",
            10,
            null);
    var from = new CausationQueries.From(ACME, null, created, 5, 5, null);
    CommandQueries commands = node.overHttp(CommandQueries.class);
    CausationQueries causation = node.overHttp(CausationQueries.class);

    CommandQueries.Page page = Objects.requireNonNull(commands.search(search).block(LONG));
    assertThat(page.commands()).hasSize(1);
    var get = new CommandQueries.Get(ACME, page.commands().getFirst().commandId(), null);
    assertSame(commands.search(search), node.commands().search(search));
    assertSame(commands.get(get), node.commands().get(get));
    assertSame(causation.causes(from), node.causation().causes(from));
    assertSame(causation.effects(from), node.causation().effects(from));
  }

  @Test
  void live_events_arrive_one_by_one_while_the_answer_stays_open() {
    EventQueries events = node.overHttp(EventQueries.class);
    Long last =
        events
            .live(0)
            .map(RecordedEvent::position)
            .doOnNext(
                position -> {
                  if (position == created) {
                    Mono.fromRunnable(QueryOverHttpTest::resume)
                        .subscribeOn(Schedulers.boundedElastic())
                        .subscribe();
                  }
                })
            .take(3)
            .blockLast(LONG);

    assertThat(last).isEqualTo(stores.last());
  }

  private static void resume() {
    stores.append(AGENT, NOON, new AgentEvent.Resumed(AGENT.id()));
    stores.sql("NOTIFY skreaver_events");
  }

  @Test
  void what_cannot_be_a_question_is_refused_by_the_caller_s_fault() {
    assertThat(post("/internal/agents/get", "{\"agent\":{\"tenant\":\"ACME!\",\"id\":\"a\"}}"))
        .isEqualTo(HttpStatusCode.valueOf(400));
    assertThat(post("/internal/agents/list", "[")).isEqualTo(HttpStatusCode.valueOf(400));
    assertThat(
            node.http()
                .get()
                .uri("/internal/events/live?after=-1")
                .exchangeToMono(answer -> answer.releaseBody().thenReturn(answer.statusCode()))
                .block(LONG))
        .isEqualTo(HttpStatusCode.valueOf(400));
  }

  @Test
  void nobody_but_the_gateway_is_answered() {
    assertThat(
            node.http()
                .mutate()
                .defaultHeaders(headers -> headers.remove("Authorization"))
                .build()
                .get()
                .uri("/internal/events/bounds")
                .exchangeToMono(answer -> answer.releaseBody().thenReturn(answer.statusCode()))
                .block(LONG))
        .isEqualTo(HttpStatusCode.valueOf(401));
  }

  private static void assertSame(Mono<?> remote, Mono<?> local) {
    assertThat((Object) remote.block(LONG)).isNotNull().isEqualTo(local.block(LONG));
  }

  private static HttpStatusCode post(String path, String body) {
    return Objects.requireNonNull(
        node.http()
            .post()
            .uri(path)
            .contentType(MediaType.APPLICATION_JSON)
            .bodyValue(body)
            .exchangeToMono(answer -> answer.releaseBody().thenReturn(answer.statusCode()))
            .block(LONG));
  }
}
