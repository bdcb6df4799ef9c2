package dev.skreaver.gateway.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.gateway.request.Write;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

class AgentCreationTest {
  private static final Write WRITE =
      new Write(
          new Caller(new TenantId("main"), "alice", "jwt", "r", "r", null),
          "POST /agents",
          null,
          null,
          new Write.Options(null));

  @Test
  void an_id_is_made_of_type_name_and_eight_hex_digits() {
    assertThat(generated(AgentType.BuiltIn.ECHO, "My  Näme!")).matches("echo-my-n-me-[0-9a-f]{8}");
    assertThat(generated(AgentType.BuiltIn.ECHO, null)).matches("echo-[0-9a-f]{8}");
    assertThat(generated(new AgentType.Custom("Baker"), "x")).matches("Baker-x-[0-9a-f]{8}");
  }

  @Test
  void nothing_of_a_name_that_is_not_fit_is_in_the_id() {
    assertThat(generated(AgentType.BuiltIn.ECHO, "../🦊")).matches("echo-[0-9a-f]{8}");
  }

  @Test
  void a_long_name_is_cut() {
    assertThat(generated(AgentType.BuiltIn.ANALYTICS, "n".repeat(500)))
        .hasSize(128)
        .matches("analytics-n+-[0-9a-f]{8}");
  }

  @Test
  void a_generated_id_that_is_taken_is_drawn_again() {
    var tried = new ArrayList<AgentId>();
    assertThatThrownBy(() -> creation(null).by(taken(tried)).block())
        .isInstanceOfSatisfying(
            Refusal.class,
            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.AGENT_ALREADY_EXISTS));
    assertThat(tried).hasSizeGreaterThan(1).doesNotHaveDuplicates();
  }

  @Test
  void an_id_that_the_client_chose_is_tried_once() {
    var tried = new ArrayList<AgentId>();
    assertThatThrownBy(() -> creation(new AgentId("mine")).by(taken(tried)).block())
        .isInstanceOf(Refusal.class);
    assertThat(tried).containsExactly(new AgentId("mine"));
  }

  /** Every id is taken. */
  private static Function<AgentCommands.Request, Mono<AgentCommands.Receipt>> taken(
      List<AgentId> tried) {
    return request ->
        Mono.error(
            () -> {
              tried.add(request.command().agent().id());
              return new Refusal(ErrorCode.AGENT_ALREADY_EXISTS, "it exists");
            });
  }

  private static AgentCreation creation(@Nullable AgentId chosen) {
    var spec = new CreateAgent.Spec(AgentType.BuiltIn.ECHO, null, null, null, null);
    return new AgentCreation(new CreateAgent(spec, chosen), WRITE);
  }

  private static String generated(AgentType type, @Nullable String name) {
    return AgentCreation.generateId(type, name).value();
  }
}
