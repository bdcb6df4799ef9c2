package dev.skreaver.query.audit;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.GLOBEX;
import static dev.skreaver.query.fixture.Lives.agent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.event.CausationQueries;
import dev.skreaver.api.event.CausationQueries.From;
import dev.skreaver.api.event.CausationQueries.Step;
import dev.skreaver.api.event.CausationQueries.Trace;
import dev.skreaver.query.fixture.Lives;
import dev.skreaver.query.fixture.QueryNode;
import dev.skreaver.query.fixture.Stores;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CausationGraphTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private static Stores stores;
  private static QueryNode node;
  private static CausationQueries causation;

  @BeforeAll
  static void start() {
    stores = Stores.start();
    node = QueryNode.start(stores);
    causation = node.causation();
  }

  @AfterAll
  static void stop() {
    node.close();
    stores.close();
  }

  /** One event of a command of its own, to an agent of its own. */
  private record Told(UUID event, UUID command, long position) {}

  private static Told tell(TenantId tenant, @Nullable Object cause) {
    return tell(tenant, UUID.randomUUID(), UUID.randomUUID(), cause);
  }

  private static Told tell(TenantId tenant, UUID event, UUID command, @Nullable Object cause) {
    var metadata =
        new HashMap<>(
            Map.of(
                "subject",
                "ada",
                "authentication",
                "jwt",
                "command_id",
                command.toString(),
                "command",
                "create"));
    if (cause != null) {
      metadata.put("causation_id", cause.toString());
    }
    AgentKey key = agent(tenant, "agent-" + event);
    AgentEvent created = Lives.created(key);
    return new Told(event, command, stores.append(key, event, NOON, metadata, created));
  }

  @Test
  void causes_lead_up_to_the_root_across_agents() {
    Told root = tell(ACME, "ticket-42");
    Told second = tell(ACME, root.event());
    Told third = tell(ACME, second.command());
    tell(ACME, root.event());

    Trace trace = causes(third, 25, 100);

    assertThat(trace.event().eventId()).isEqualTo(third.event());
    assertSteps(trace, "1 " + second.event(), "2 " + root.event());
    assertThat(trace.steps().getLast().event().causationId()).isEqualTo("ticket-42");
    assertThat(trace.truncated()).isFalse();
    assertThat(causes(root, 25, 100).steps()).isEmpty();
  }

  @Test
  void effects_lead_down_to_every_leaf_nearest_first() {
    Told root = tell(ACME, null);
    Told left = tell(ACME, root.event());
    Told right = tell(ACME, root.command());
    Told leaf = tell(ACME, left.event());

    Trace trace = effects(root, 25, 100);

    assertSteps(trace, "1 " + left.event(), "1 " + right.event(), "2 " + leaf.event());
    assertThat(trace.truncated()).isFalse();
    assertThat(effects(leaf, 25, 100).steps()).isEmpty();
  }

  @Test
  void all_events_of_a_command_that_is_named_are_causes() {
    UUID command = UUID.randomUUID();
    Told one = tell(ACME, UUID.randomUUID(), command, null);
    Told two = tell(ACME, UUID.randomUUID(), command, null);
    Told effect = tell(ACME, command);

    assertSteps(causes(effect, 25, 100), "1 " + one.event(), "1 " + two.event());
    assertSteps(effects(two, 25, 100), "1 " + effect.event());
  }

  @Test
  void a_circle_ends_where_it_began() {
    UUID first = UUID.randomUUID();
    UUID last = UUID.randomUUID();
    Told one = tell(ACME, first, UUID.randomUUID(), last);
    Told two = tell(ACME, first);
    Told three = tell(ACME, last, UUID.randomUUID(), two.event());

    assertSteps(causes(one, 25, 100), "1 " + three.event(), "2 " + two.event());
    assertSteps(effects(one, 25, 100), "1 " + two.event(), "2 " + three.event());
    Told self = tell(ACME, UUID.randomUUID(), first, first);
    assertThat(effects(self, 25, 100).steps())
        .extracting(step -> step.event().eventId())
        .doesNotHaveDuplicates()
        .doesNotContain(self.event());
  }

  @Test
  void what_goes_beyond_the_depth_or_the_limit_is_cut_and_said_so() {
    Told root = tell(ACME, null);
    Told one = tell(ACME, root.event());
    Told two = tell(ACME, one.event());
    Told three = tell(ACME, two.event());

    Trace deep = effects(root, 2, 100);
    assertSteps(deep, "1 " + one.event(), "2 " + two.event());
    assertThat(deep.truncated()).isTrue();
    Trace few = effects(root, 25, 2);
    assertSteps(few, "1 " + one.event(), "2 " + two.event());
    assertThat(few.truncated()).isTrue();
    assertThat(effects(root, 3, 3).truncated()).isFalse();
    assertThat(causes(three, 3, 100).truncated()).isFalse();
    assertThat(causes(three, 1, 100).truncated()).isTrue();
  }

  @Test
  void nothing_of_another_tenant_is_seen() {
    Told root = tell(ACME, null);
    Told theirs = tell(GLOBEX, root.event());
    Told ours = tell(ACME, theirs.event());

    assertThat(effects(root, 25, 100).steps()).isEmpty();
    assertThat(causes(ours, 25, 100).steps()).isEmpty();
    node.catchUp();
    assertRefused(
        () -> causation.causes(new From(ACME, theirs.event(), null, 1, 1, null)).block(),
        ErrorCode.EVENT_NOT_FOUND);
    assertRefused(
        () -> causation.causes(new From(ACME, null, theirs.position(), 1, 1, null)).block(),
        ErrorCode.EVENT_NOT_FOUND);
  }

  @Test
  void an_event_is_named_by_its_position_too() {
    Told root = tell(ACME, null);
    node.catchUp();

    var trace = causation.causes(new From(ACME, null, root.position(), 1, 1, null)).block();

    assertThat(Objects.requireNonNull(trace).event().eventId()).isEqualTo(root.event());
  }

  @Test
  void what_cannot_be_asked_is_refused() {
    UUID any = UUID.randomUUID();
    for (From wrong :
        List.of(
            new From(ACME, null, null, 1, 1, null),
            new From(ACME, any, 1L, 1, 1, null),
            new From(ACME, any, null, 0, 1, null),
            new From(ACME, any, null, 101, 1, null),
            new From(ACME, any, null, 1, 0, null),
            new From(ACME, any, null, 1, 1001, null))) {
      assertRefused(() -> causation.effects(wrong).block(), ErrorCode.INVALID_INPUT);
    }
  }

  private static Trace causes(Told of, int depth, int limit) {
    node.catchUp();
    return Objects.requireNonNull(
        causation.causes(new From(ACME, of.event(), null, depth, limit, null)).block());
  }

  private static Trace effects(Told of, int depth, int limit) {
    node.catchUp();
    return Objects.requireNonNull(
        causation.effects(new From(ACME, of.event(), null, depth, limit, null)).block());
  }

  private static void assertSteps(Trace trace, String... expected) {
    assertThat(trace.steps()).extracting(CausationGraphTest::shown).containsExactly(expected);
  }

  private static String shown(Step step) {
    return step.depth() + " " + step.event().eventId();
  }

  private static void assertRefused(ThrowingCallable call, ErrorCode code) {
    assertThat(catchThrowableOfType(Refusal.class, call).code()).isEqualTo(code);
  }
}
