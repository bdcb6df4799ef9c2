package dev.skreaver.query;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.GLOBEX;
import static dev.skreaver.query.fixture.Lives.agent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.fixture.Ask;
import dev.skreaver.query.fixture.CommandNode;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Real commands, as the queries show what they did. */
class QueryServiceTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  private static Stores stores;
  private static CommandNode commands;
  private static QueryNode node;
  private static AgentQueries agents;
  private static EventQueries events;

  @BeforeAll
  static void start() {
    stores = Stores.start();
    commands = CommandNode.start(stores);
    node = QueryNode.start(stores);
    agents = node.agents();
    events = node.events();
  }

  @AfterAll
  static void stop() {
    node.close();
    commands.close();
    stores.close();
  }

  @Test
  void what_a_command_answered_is_what_a_query_shows_from_its_position_on() {
    AgentKey agent = agent(ACME, "own-writes");
    for (AgentCommand command : wholeLife(agent)) {
      Receipt receipt = commands.send(command, "ada", "c1");
      AgentQueries.Found found = get(agent, receipt.position());

      assertThat(found.agent()).isEqualTo(receipt.agent());
      assertThat(found.position()).isGreaterThanOrEqualTo(receipt.position());
    }
  }

  @Test
  void a_deleted_agent_is_neither_found_nor_listed_but_its_past_is_shown() {
    AgentKey agent = agent(ACME, "deleted");
    Receipt before = commands.send(create(agent), "ada", "c1");
    Receipt receipt = commands.send(new AgentCommand.Delete(agent), "ada", "c1");

    assertRefused(() -> get(agent, receipt.position()), ErrorCode.AGENT_NOT_FOUND);
    assertThat(Ask.pages(agents, Ask.prefix(Ask.all(ACME), "named deleted"), 200)).isEmpty();
    assertRefused(() -> at(agent, receipt.position()), ErrorCode.AGENT_NOT_FOUND);
    assertThat(at(agent, before.position()).agent()).isEqualTo(before.agent());
  }

  @Test
  void every_answer_that_was_ever_given_is_there_at_its_position() {
    AgentKey agent = agent(GLOBEX, "answers");
    var receipts = new ArrayList<Receipt>();
    wholeLife(agent).forEach(command -> receipts.add(commands.send(command, "bob", "c2")));

    for (Receipt receipt : receipts) {
      assertThat(at(agent, receipt.position()))
          .isEqualTo(new AgentQueries.Found(receipt.agent(), receipt.position()));
    }
  }

  @Test
  void an_auditor_finds_what_a_subject_did_for_one_cause() {
    AgentKey agent = agent(ACME, "audited");
    commands.send(create(agent), "carol", "cause-1");
    Receipt paused = commands.send(new AgentCommand.Pause(agent, "lunch"), "carol", "cause-2");
    commands.send(new AgentCommand.Resume(agent), "dave", "cause-2");

    var found =
        Objects.requireNonNull(
            events
                .search(
                    new EventQueries.Search(
                        ACME,
                        null,
                        List.of(),
                        "carol",
                        "cause-2",
                        null,
                        null,
                        0,
                        10,
                        paused.position()))
                .block(LONG));

    assertThat(found.events())
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.position()).isEqualTo(paused.position());
              assertThat(event.actor()).isEqualTo(new RecordedEvent.Actor("carol", "jwt"));
              assertThat(event.requestId()).isEqualTo("request");
            });
  }

  @Test
  void live_events_follow_history_without_a_gap() throws Exception {
    AgentKey agent = agent(ACME, "live");
    long start = Objects.requireNonNull(events.bounds().block(LONG)).head();
    commands.send(create(agent), "ada", "c3");
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Receipt> later =
          executor.submit(
              () -> {
                commands.send(new AgentCommand.Pause(agent, "lunch"), "ada", "c3");
                return commands.send(new AgentCommand.Resume(agent), "ada", "c3");
              });
      var live = new ArrayList<RecordedEvent>();
      events
          .live(start)
          .doOnNext(live::add)
          .takeUntil(event -> event.type().equals("agent.resumed"))
          .blockLast(LONG);

      assertThat(live.getLast().position()).isEqualTo(later.get().position());
      long previous = start;
      for (RecordedEvent event : live) {
        assertThat(event.previous()).isEqualTo(previous);
        previous = event.position();
      }
    }
  }

  @Test
  void every_query_waits_for_the_position_that_it_is_given_and_gives_up() {
    long beyond = Objects.requireNonNull(events.bounds().block(LONG)).head() + 1_000_000;
    AgentKey agent = agent(ACME, "impatient");
    try (QueryNode impatient = QueryNode.start(stores, Duration.ofMillis(200))) {
      impatient.catchUp();
      AgentQueries patient = impatient.agents();
      var all = Ask.all(ACME);
      var find =
          new AgentQueries.Find(
              ACME,
              List.of(),
              null,
              null,
              Map.of(),
              null,
              null,
              all.sort(),
              false,
              10,
              null,
              beyond);
      var search =
          new EventQueries.Search(ACME, null, List.of(), null, null, null, null, 0, 10, beyond);

      for (Callable<?> query :
          List.<Callable<@Nullable Object>>of(
              () -> patient.get(new AgentQueries.Get(agent, beyond)).block(LONG),
              () -> patient.list(find).block(LONG),
              () -> impatient.events().search(search).block(LONG))) {
        assertRefused(query, ErrorCode.POSITION_NOT_REACHED);
      }
    }
  }

  @Test
  void a_negative_position_to_wait_for_is_refused() {
    assertRefused(() -> get(agent(ACME, "negative"), -1), ErrorCode.INVALID_INPUT);
  }

  @Test
  void read_models_that_are_built_anew_at_the_same_time_show_the_same() {
    AgentKey agent = agent(ACME, "rebuilt");
    Receipt last = null;
    for (AgentCommand command : wholeLife(agent)) {
      last = commands.send(command, "ada", "c4");
    }
    long position = Objects.requireNonNull(last).position();
    get(agent, position);
    var before = Ask.pages(agents, Ask.all(ACME), 200);
    List<String> names = List.of("agent", "audit");
    names.forEach(name -> node.projections().replay(name, null).block(LONG));
    for (String name : names) {
      await()
          .atMost(LONG)
          .until(
              () ->
                  node.projections()
                      .list()
                      .any(found -> found.name().equals(name) && found.generation() > 1)
                      .block(LONG));
    }

    assertThat(Ask.pages(agents, Ask.all(ACME), 200)).isEqualTo(before);
    assertThat(
            events
                .search(
                    new EventQueries.Search(
                        ACME, agent.id(), List.of(), null, null, null, null, 0, 100, position))
                .map(EventQueries.Page::events)
                .block(LONG))
        .isEqualTo(
            events
                .history(new EventQueries.After(ACME, agent.id(), 0, 100))
                .map(EventQueries.History::events)
                .block(LONG));
  }

  private static AgentCommand create(AgentKey agent) {
    return new AgentCommand.Create(
        agent,
        new AgentSpec(
            AgentType.BuiltIn.ADVANCED,
            "named " + agent.id(),
            Map.of("team", "search"),
            Map.of("mode", "analytical"),
            AgentLimits.defaultsFor(AgentType.BuiltIn.ADVANCED)));
  }

  private static List<AgentCommand> wholeLife(AgentKey agent) {
    return List.of(
        create(agent),
        new AgentCommand.Update(agent, Map.of("name", "renamed", "labels", Map.of("env", "prod"))),
        new AgentCommand.Pause(agent, "lunch"),
        new AgentCommand.Resume(agent),
        new AgentCommand.ReportError(agent, "core dump", true),
        new AgentCommand.Recover(agent),
        new AgentCommand.ReportError(agent, "fatal", false),
        new AgentCommand.Stop(agent, "over"));
  }

  private static AgentQueries.Found get(AgentKey agent, long minPosition) {
    return Objects.requireNonNull(agents.get(new AgentQueries.Get(agent, minPosition)).block(LONG));
  }

  private static AgentQueries.Found at(AgentKey agent, long position) {
    return Objects.requireNonNull(
        agents.at(new AgentQueries.GetAt(agent, position, null)).block(LONG));
  }

  private static void assertRefused(Callable<?> query, ErrorCode code) {
    assertThatThrownBy(query::call)
        .asInstanceOf(type(Refusal.class))
        .extracting(Refusal::code)
        .isEqualTo(code);
  }
}
