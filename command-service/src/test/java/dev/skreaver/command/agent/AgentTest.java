package dev.skreaver.command.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.store.SubjectKeys.Actor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.axonframework.modelling.command.AggregateNotFoundException;
import org.axonframework.test.aggregate.AggregateTestFixture;
import org.axonframework.test.aggregate.ResultValidator;
import org.axonframework.test.aggregate.TestExecutor;
import org.axonframework.test.matchers.Matchers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentTest {
  private static final AgentKey KEY = AgentKey.parse("acme/worker-1");
  private static final AgentId ID = KEY.id();
  private static final AgentCommand.Pause PAUSE = new AgentCommand.Pause(KEY, "lunch");
  private static final AgentCommand.Resume RESUME = new AgentCommand.Resume(KEY);
  private static final AgentCommand.Stop STOP = new AgentCommand.Stop(KEY, "done");
  private static final AgentCommand.Recover RECOVER = new AgentCommand.Recover(KEY);
  private static final AgentCommand.Delete DELETE = new AgentCommand.Delete(KEY);
  private static final AgentCommand.ReportError FAIL = new AgentCommand.ReportError(KEY, "e", true);
  private static final AgentCommand.ReportError DIE = new AgentCommand.ReportError(KEY, "e", false);

  /** Sealing is not the agent's business: here it leaves texts as they are. */
  private static final Map<String, Actor> BY_ADA =
      Map.of(Actor.IN_METADATA, new Actor("", "ada", UnaryOperator.identity()));

  private AggregateTestFixture<Agent> fixture = new AggregateTestFixture<>(Agent.class);

  @BeforeEach
  void newFixture() {
    fixture = new AggregateTestFixture<>(Agent.class);
    fixture.registerInjectableResource(new AgentRules(Set.of("crawler")));
  }

  @Test
  void a_new_agent_is_created_and_started() {
    AgentSpec spec = spec(AgentType.BuiltIn.ADVANCED, Map.of("mode", "creative"));
    nothingHappened()
        .when(new AgentCommand.Create(KEY, spec), BY_ADA)
        .expectEvents(new AgentEvent.Created(ID, "ada", spec), new AgentEvent.Started(ID))
        .expectResultMessagePayloadMatching(
            Matchers.matches(
                view ->
                    view instanceof AgentView agent
                        && agent.status() == AgentStatus.READY
                        && agent.version() == 1
                        && agent.owner().equals("ada")));
  }

  @Test
  void a_custom_type_is_accepted_when_workers_serve_it() {
    AgentSpec spec = spec(new AgentType.Custom("crawler"), Map.of("any", Map.of("thing", 1)));
    nothingHappened()
        .when(new AgentCommand.Create(KEY, spec), BY_ADA)
        .expectEvents(new AgentEvent.Created(ID, "ada", spec), new AgentEvent.Started(ID));
  }

  @Test
  void a_custom_type_that_nobody_serves_is_unknown() {
    assertRefused(
        create(spec(new AgentType.Custom("painter"), Map.of())),
        ErrorCode.UNKNOWN_AGENT_TYPE,
        "spec.agent_type");
  }

  static Stream<List<Object>> badSpecs() {
    return Stream.of(
        List.of(
            spec(AgentType.BuiltIn.ADVANCED, Map.of("mode", "loud")),
            ErrorCode.INVALID_CONFIGURATION,
            "spec.config.mode"),
        List.of(
            spec(AgentType.BuiltIn.ADVANCED, Map.of("use_tools", "yes")),
            ErrorCode.INVALID_CONFIGURATION,
            "spec.config.use_tools"),
        List.of(
            spec(AgentType.BuiltIn.ANALYTICS, Map.of("depth", 3)),
            ErrorCode.INVALID_CONFIGURATION,
            "spec.config.depth"),
        List.of(
            spec(AgentType.BuiltIn.ECHO, Map.of("mode", "simple")),
            ErrorCode.INVALID_CONFIGURATION,
            "spec.config.mode"),
        List.of(
            spec(new AgentType.Custom("crawler"), Map.of("a", List.of("b\u0000"))),
            ErrorCode.INVALID_CONFIGURATION,
            "spec.config.a"),
        List.of(
            spec(new AgentType.Custom("crawler"), Map.of("a", "x".repeat(70_000))),
            ErrorCode.INVALID_CONFIGURATION,
            "spec.config"),
        List.of(named("x".repeat(65)), ErrorCode.INVALID_INPUT, "spec.name"),
        List.of(named(" "), ErrorCode.INVALID_INPUT, "spec.name"),
        List.of(named("a\u0007"), ErrorCode.INVALID_INPUT, "spec.name"),
        List.of(labelled("-x", "v"), ErrorCode.INVALID_INPUT, "spec.labels.-x"),
        List.of(labelled("x", "v".repeat(257)), ErrorCode.INVALID_INPUT, "spec.labels.x"),
        List.of(labelledWithNull("x"), ErrorCode.INVALID_INPUT, "spec.labels.x"),
        List.of(
            limited(new AgentLimits(0, 1, 1, 1)),
            ErrorCode.INVALID_INPUT,
            "spec.limits.max_memory_mb"),
        List.of(
            limited(new AgentLimits(1, 10_241, 1, 1)),
            ErrorCode.INVALID_INPUT,
            "spec.limits.max_observation_size_kb"),
        List.of(
            limited(new AgentLimits(1, 1, 101, 1)),
            ErrorCode.INVALID_INPUT,
            "spec.limits.max_concurrent_tools"),
        List.of(
            limited(new AgentLimits(1, 1, 1, 3601)),
            ErrorCode.INVALID_INPUT,
            "spec.limits.execution_timeout_secs"));
  }

  @ParameterizedTest
  @MethodSource("badSpecs")
  void a_bad_spec_is_refused_by_the_name_of_its_field(List<Object> row) {
    assertRefused(
        create((AgentSpec) row.get(0)), (ErrorCode) row.get(1), String.valueOf(row.get(2)));
  }

  @Test
  void the_bounds_of_the_limits_are_allowed() {
    create(limited(new AgentLimits(8192, 10_240, 100, 3600))).expectSuccessfulHandlerExecution();
  }

  @Test
  void an_error_is_reported_as_the_program_printed_it() {
    String printed = "\u001b[31mTraceback\u001b[0m\r\n\tat main.py";

    in("ready")
        .when(new AgentCommand.ReportError(KEY, printed, true), BY_ADA)
        .expectEvents(new AgentEvent.ErrorReported(ID, printed, true));
  }

  /** Every status that commands lead to, every command, and whether it may follow. */
  static Stream<Step> lifecycle() {
    return Stream.of(
        new Step("ready", PAUSE, new AgentEvent.Paused(ID, "lunch")),
        new Step("ready", RESUME, null),
        new Step("ready", STOP, new AgentEvent.Stopped(ID, "done")),
        new Step("ready", FAIL, new AgentEvent.ErrorReported(ID, "e", true)),
        new Step("ready", DIE, new AgentEvent.ErrorReported(ID, "e", false)),
        new Step("ready", RECOVER, null),
        new Step("ready", DELETE, new AgentEvent.Deleted(ID)),
        new Step("paused", PAUSE, null),
        new Step("paused", RESUME, new AgentEvent.Resumed(ID)),
        new Step("paused", STOP, new AgentEvent.Stopped(ID, "done")),
        new Step("paused", FAIL, new AgentEvent.ErrorReported(ID, "e", true)),
        new Step("paused", DIE, new AgentEvent.ErrorReported(ID, "e", false)),
        new Step("paused", RECOVER, null),
        new Step("paused", DELETE, new AgentEvent.Deleted(ID)),
        new Step("recoverable_error", PAUSE, null),
        new Step("recoverable_error", RESUME, null),
        new Step("recoverable_error", STOP, new AgentEvent.Stopped(ID, "done")),
        new Step("recoverable_error", FAIL, null),
        new Step("recoverable_error", DIE, null),
        new Step("recoverable_error", RECOVER, new AgentEvent.Recovered(ID)),
        new Step("recoverable_error", DELETE, new AgentEvent.Deleted(ID)),
        new Step("fatal_error", PAUSE, null),
        new Step("fatal_error", RESUME, null),
        new Step("fatal_error", STOP, new AgentEvent.Stopped(ID, "done")),
        new Step("fatal_error", FAIL, null),
        new Step("fatal_error", DIE, null),
        new Step("fatal_error", RECOVER, null),
        new Step("fatal_error", DELETE, new AgentEvent.Deleted(ID)),
        new Step("stopped", PAUSE, null),
        new Step("stopped", RESUME, null),
        new Step("stopped", STOP, null),
        new Step("stopped", FAIL, null),
        new Step("stopped", DIE, null),
        new Step("stopped", RECOVER, null),
        new Step("stopped", DELETE, new AgentEvent.Deleted(ID)));
  }

  /**
   * @param event null where the command is refused
   */
  record Step(String status, AgentCommand command, @Nullable AgentEvent event) {}

  @ParameterizedTest
  @MethodSource("lifecycle")
  void a_command_leads_from_a_status_to_another_or_is_refused(Step step) {
    ResultValidator<Agent> result = in(step.status()).when(step.command(), BY_ADA);
    if (step.event() != null) {
      result.expectSuccessfulHandlerExecution().expectEvents(step.event());
    } else {
      result
          .expectNoEvents()
          .expectException(Refusal.class)
          .expectExceptionMessage(containsString("The agent is " + step.status()));
    }
  }

  @Test
  void an_illegal_transition_names_the_state_and_what_is_allowed() {
    Refusal refusal = refusal(in("recoverable_error").when(RESUME));
    assertThat(refusal.code()).isEqualTo(ErrorCode.ILLEGAL_TRANSITION);
    assertThat(refusal.details())
        .containsEntry("current_state", "recoverable_error")
        .containsEntry("allowed", List.of("processing", "ready", "stopped"));
  }

  @Test
  void an_update_merges_and_keeps_what_it_does_not_name() {
    fixture
        .given(
            new AgentEvent.Created(
                ID,
                "ada",
                new AgentSpec(
                    new AgentType.Custom("crawler"),
                    "old",
                    Map.of("team", "red", "site", "b"),
                    Map.of("a", Map.of("x", 1, "y", 2), "b", 3),
                    new AgentLimits(1, 1, 1, 1))))
        .when(
            new AgentCommand.Update(
                KEY,
                Map.<String, @Nullable Object>of(
                    "labels", withNull("team", Map.of("zone", "z")),
                    "config", Map.of("a", withNull("x", Map.of("z", 9))))))
        .expectEvents(
            new AgentEvent.Updated(
                ID,
                "old",
                Map.of("site", "b", "zone", "z"),
                Map.of("a", Map.of("y", 2, "z", 9), "b", 3)));
  }

  @Test
  void a_null_removes_the_name() {
    in("ready")
        .when(new AgentCommand.Update(KEY, withNull("name", Map.of())))
        .expectEvents(new AgentEvent.Updated(ID, null, Map.of(), Map.of()));
  }

  @Test
  void an_update_that_changes_nothing_is_no_event() {
    in("ready")
        .when(new AgentCommand.Update(KEY, Map.of("name", "worker", "config", Map.of())))
        .expectSuccessfulHandlerExecution()
        .expectNoEvents();
  }

  @Test
  void an_update_of_what_cannot_change_is_refused_by_its_name() {
    assertRefused(
        in("ready").when(new AgentCommand.Update(KEY, Map.of("owner", "eve"))),
        ErrorCode.UNKNOWN_FIELD,
        "owner");
  }

  @Test
  void an_update_keeps_the_rules_of_the_type() {
    assertRefused(
        in("ready").when(new AgentCommand.Update(KEY, Map.of("config", Map.of("mode", "x")))),
        ErrorCode.INVALID_CONFIGURATION,
        "config.mode");
  }

  @Test
  void a_label_must_be_a_text() {
    assertRefused(
        in("ready").when(new AgentCommand.Update(KEY, Map.of("labels", Map.of("team", 7)))),
        ErrorCode.INVALID_INPUT,
        "labels.team");
  }

  @Test
  void a_reason_must_be_printable() {
    assertRefused(
        in("ready").when(new AgentCommand.Pause(KEY, "a\u0000b"), BY_ADA),
        ErrorCode.INVALID_INPUT,
        "reason");
  }

  @Test
  void a_deleted_agent_is_not_found() {
    fixture
        .given(created(), new AgentEvent.Started(ID), new AgentEvent.Deleted(ID))
        .when(PAUSE, BY_ADA)
        .expectException(AggregateNotFoundException.class);
  }

  @Test
  void a_command_that_expects_another_version_is_refused_with_both() {
    Refusal refusal = refusal(in("paused").when(RESUME, Map.of(Agent.EXPECTED_VERSION, 1L)));
    assertThat(refusal.code()).isEqualTo(ErrorCode.VERSION_MISMATCH);
    assertThat(refusal.details()).containsEntry("expected", 1L).containsEntry("actual", 2L);
  }

  @Test
  void a_command_that_expects_this_version_is_carried_out() {
    in("paused")
        .when(RESUME, Map.of(Agent.EXPECTED_VERSION, 2L))
        .expectEvents(new AgentEvent.Resumed(ID));
  }

  private TestExecutor<Agent> nothingHappened() {
    return fixture.givenNoPriorActivity();
  }

  private ResultValidator<Agent> create(AgentSpec spec) {
    return nothingHappened().when(new AgentCommand.Create(KEY, spec), BY_ADA);
  }

  private TestExecutor<Agent> in(String status) {
    AgentEvent started = new AgentEvent.Started(ID);
    return switch (status) {
      case "ready" -> fixture.given(created(), started);
      case "paused" -> fixture.given(created(), started, new AgentEvent.Paused(ID, "p"));
      case "stopped" -> fixture.given(created(), started, new AgentEvent.Stopped(ID, "s"));
      case "recoverable_error" ->
          fixture.given(created(), started, new AgentEvent.ErrorReported(ID, "e", true));
      case "fatal_error" ->
          fixture.given(created(), started, new AgentEvent.ErrorReported(ID, "e", false));
      default -> throw new IllegalArgumentException(status);
    };
  }

  private static AgentEvent created() {
    return new AgentEvent.Created(ID, "ada", named("worker"));
  }

  private static AgentSpec spec(AgentType type, Map<String, Object> config) {
    return new AgentSpec(type, null, Map.of(), config, AgentLimits.defaultsFor(type));
  }

  private static AgentSpec named(String name) {
    return new AgentSpec(
        AgentType.BuiltIn.ECHO, name, Map.of(), Map.of(), new AgentLimits(1, 1, 1, 1));
  }

  private static AgentSpec labelled(String key, String value) {
    return new AgentSpec(
        AgentType.BuiltIn.ECHO, null, Map.of(key, value), Map.of(), new AgentLimits(1, 1, 1, 1));
  }

  /** As JSON can hold it. */
  @SuppressWarnings("NullAway")
  private static AgentSpec labelledWithNull(String key) {
    var labels = new HashMap<String, String>();
    labels.put(key, null);
    return new AgentSpec(
        AgentType.BuiltIn.ECHO, null, labels, Map.of(), new AgentLimits(1, 1, 1, 1));
  }

  private static AgentSpec limited(AgentLimits limits) {
    return new AgentSpec(AgentType.BuiltIn.ECHO, null, Map.of(), Map.of(), limits);
  }

  private static Map<String, @Nullable Object> withNull(String key, Map<String, ?> others) {
    var map = new HashMap<String, @Nullable Object>(others);
    map.put(key, null);
    return map;
  }

  private static void assertRefused(ResultValidator<Agent> result, ErrorCode code, String field) {
    Refusal refusal = refusal(result.expectNoEvents());
    assertThat(refusal.code()).isEqualTo(code);
    assertThat(refusal.details()).containsEntry("field", field);
  }

  private static Refusal refusal(ResultValidator<Agent> result) {
    var caught = new AtomicReference<Refusal>();
    result.expectException(
        Matchers.matches(
            failure -> {
              caught.set((Refusal) failure);
              return true;
            }));
    return caught.get();
  }
}
