package dev.skreaver.query;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.event.EventQueries;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.query.fixture.CommandNode;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.axonframework.eventhandling.GenericEventMessage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The clock of the instance that writes jumps by hours, forwards and back. */
class ClockJumpTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00.123456Z");
  private static final AgentKey AGENT = agent(ACME, "jumping");

  private final Clock clock = GenericEventMessage.clock;

  @AfterEach
  void setTheClockRight() {
    GenericEventMessage.clock = clock;
  }

  @Test
  void the_order_is_by_position_and_every_event_keeps_the_time_that_it_was_given() {
    try (Stores stores = Stores.start();
        CommandNode commands = CommandNode.start(stores);
        QueryNode node = QueryNode.start(stores)) {
      List<Instant> times =
          List.of(
              NOON,
              NOON.plus(Duration.ofHours(5)),
              NOON.minus(Duration.ofHours(3)),
              NOON.plusSeconds(1));
      var receipts = new ArrayList<Receipt>();
      receipts.add(at(times.get(0), commands, create()));
      receipts.add(at(times.get(1), commands, new AgentCommand.Pause(AGENT, "ahead")));
      receipts.add(at(times.get(2), commands, new AgentCommand.Resume(AGENT)));
      receipts.add(at(times.get(3), commands, new AgentCommand.Pause(AGENT, "right again")));

      assertThat(receipts).extracting(Receipt::position).isSorted().doesNotHaveDuplicates();
      assertThat(receipts).extracting(receipt -> receipt.agent().lastActivity()).isEqualTo(times);
      long head = receipts.getLast().position();
      List<RecordedEvent> live =
          node.events()
              .live(0)
              .takeUntil(event -> event.position() >= head)
              .collectList()
              .blockOptional(LONG)
              .orElseThrow();
      assertThat(live).extracting(RecordedEvent::version).containsExactly(0L, 1L, 2L, 3L, 4L);
      assertThat(live).extracting(RecordedEvent::eventId).doesNotHaveDuplicates();
      assertThat(live.subList(1, 5)).extracting(RecordedEvent::time).isEqualTo(times);
      assertThat(
              Objects.requireNonNull(
                      node.events()
                          .search(
                              new EventQueries.Search(
                                  ACME, null, List.of(), null, null, null, null, 0, 100, head))
                          .block(LONG))
                  .events())
          .extracting(RecordedEvent::position)
          .isEqualTo(live.stream().map(RecordedEvent::position).toList());

      for (Receipt receipt : receipts) {
        assertThat(
                Objects.requireNonNull(
                        node.agents()
                            .at(new AgentQueries.GetAt(AGENT, receipt.position(), null))
                            .block(LONG))
                    .agent())
            .isEqualTo(receipt.agent());
      }
      assertThat(
              Objects.requireNonNull(
                      node.agents().get(new AgentQueries.Get(AGENT, head)).block(LONG))
                  .agent())
          .isEqualTo(receipts.getLast().agent());
    }
  }

  @Test
  void a_time_shows_the_agent_before_the_first_event_that_is_later_in_its_own_order() {
    try (Stores stores = Stores.start();
        CommandNode commands = CommandNode.start(stores);
        QueryNode node = QueryNode.start(stores)) {
      Receipt created = at(NOON, commands, create());
      Receipt ahead =
          at(NOON.plus(Duration.ofHours(5)), commands, new AgentCommand.Pause(AGENT, "ahead"));
      Receipt last = at(NOON.plusSeconds(1), commands, new AgentCommand.Resume(AGENT));

      assertThat(found(node, NOON.plusSeconds(2)).agent()).isEqualTo(created.agent());
      assertThat(found(node, NOON.plus(Duration.ofHours(5)).minusMillis(1)).agent())
          .isEqualTo(created.agent());
      assertThat(found(node, NOON.plus(Duration.ofHours(5))))
          .isEqualTo(new AgentQueries.Found(last.agent(), last.position()));
      assertThat(last.position()).isGreaterThan(ahead.position());
    }
  }

  private static AgentQueries.Found found(QueryNode node, Instant time) {
    return Objects.requireNonNull(
        node.agents().at(new AgentQueries.GetAt(AGENT, null, time)).block(LONG));
  }

  private static Receipt at(Instant time, CommandNode commands, AgentCommand command) {
    GenericEventMessage.clock = Clock.fixed(time, ZoneOffset.UTC);
    return commands.send(command, "ada", "c");
  }

  private static AgentCommand create() {
    return new AgentCommand.Create(
        AGENT,
        new AgentSpec(
            AgentType.BuiltIn.ECHO,
            null,
            Map.of(),
            Map.of(),
            AgentLimits.defaultsFor(AgentType.BuiltIn.ECHO)));
  }
}
