package dev.skreaver.command.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.command.CommandService;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AgentCommandsTest {
  private static final String EVENT_OF_A_NEWER_RELEASE =
      """
      SELECT event_store.append('{}', '{}', ARRAY[e.stream_id], ARRAY[e.tenant_id],
        ARRAY[e.version + 1], ARRAY[gen_random_uuid()],
        ARRAY[event_store.event_type_number('agent.retired', 1::smallint)], ARRAY[0::bigint],
        ARRAY[e.metadata], ARRAY[e.payload_hash], ARRAY[e.leaf], ARRAY[e.leaf],
        ARRAY['salt'::bytea], ARRAY['{"agent_id":"newer"}'::bytea])
      FROM event_store.event e JOIN event_store.stream s USING (stream_id)
      WHERE s.key = 'newer' ORDER BY e.version DESC LIMIT 1
      """;

  private static Database database;
  private static CommandService service;
  private static CommandService other;

  @BeforeAll
  static void startTwoInstances() {
    database = PostgresServer.shared().freshDatabase();
    service = CommandService.on(database);
    other = CommandService.on(database);
  }

  @AfterAll
  static void stop() {
    service.close();
    other.close();
  }

  @Test
  void a_created_agent_is_ready_and_its_answer_carries_the_position() {
    Receipt created = service.send(CommandService.create("acme/first"));
    Receipt paused =
        service.send(new AgentCommand.Pause(AgentKey.parse("acme/first"), "maintenance"));
    assertThat(created.agent().status()).isEqualTo(AgentStatus.READY);
    assertThat(created.agent().version()).isEqualTo(1);
    assertThat(paused.agent().status()).isEqualTo(AgentStatus.PAUSED);
    assertThat(paused.position()).isGreaterThan(created.position());
    assertThat(created.repeated()).isFalse();
  }

  @Test
  void a_command_that_changes_nothing_answers_with_the_last_position() {
    Receipt created = service.send(CommandService.create("acme/same"));
    Receipt updated =
        service.send(
            new AgentCommand.Update(AgentKey.parse("acme/same"), Map.of("name", "worker")));
    assertThat(updated.agent()).isEqualTo(created.agent());
    assertThat(updated.position()).isEqualTo(created.position());
  }

  @Test
  void the_other_instance_knows_what_this_one_did() {
    service.send(CommandService.create("acme/shared"));
    AgentKey agent = AgentKey.parse("acme/shared");
    other.send(new AgentCommand.Pause(agent, "by the other"));
    Receipt resumed = service.send(new AgentCommand.Resume(agent));
    assertThat(resumed.agent().version()).isEqualTo(3);
    assertThat(resumed.agent().status()).isEqualTo(AgentStatus.READY);
  }

  @Test
  void an_agent_with_an_event_of_a_newer_release_is_not_changed_by_this_one() throws Exception {
    service.send(CommandService.create("acme/newer"));
    try (var connection = service.bean(DataSource.class).getConnection();
        var statement = connection.createStatement()) {
      statement.execute(EVENT_OF_A_NEWER_RELEASE);
    }
    AgentKey agent = AgentKey.parse("acme/newer");
    for (CommandService instance : List.of(service, other)) {
      assertRefused(
          () -> instance.send(new AgentCommand.Pause(agent, "old")), ErrorCode.SERVICE_UNAVAILABLE);
    }
  }

  @Test
  void an_agent_whose_events_lost_their_content_takes_no_commands() throws Exception {
    Receipt created = service.send(CommandService.create("acme/emptied"));
    try (var connection = service.bean(DataSource.class).getConnection();
        var statement = connection.createStatement()) {
      statement.execute(
          "UPDATE event_store.event SET salt = NULL, payload = NULL WHERE position = "
              + created.position());
    }
    assertRefused(
        () -> other.send(new AgentCommand.Pause(AgentKey.parse("acme/emptied"), "lost")),
        ErrorCode.POSITION_NOT_KEPT);
  }

  @Test
  void an_id_is_never_used_twice() {
    service.send(CommandService.create("acme/once"));
    assertRefused(
        () -> service.send(CommandService.create("acme/once")), ErrorCode.AGENT_ALREADY_EXISTS);
    assertRefused(
        () -> other.send(CommandService.create("acme/once")), ErrorCode.AGENT_ALREADY_EXISTS);
    service.send(new AgentCommand.Delete(AgentKey.parse("acme/once")));
    assertRefused(
        () -> other.send(CommandService.create("acme/once")), ErrorCode.AGENT_ALREADY_EXISTS);
    assertRefused(
        () -> service.send(CommandService.create("acme/once")), ErrorCode.AGENT_ALREADY_EXISTS);
  }

  @Test
  void the_same_id_of_another_tenant_is_another_agent() {
    service.send(CommandService.create("acme/twin"));
    assertThat(service.send(CommandService.create("umbrella/twin")).agent().version()).isEqualTo(1);
  }

  @Test
  void an_agent_of_another_tenant_is_not_found() {
    service.send(CommandService.create("acme/private"));
    AgentKey agent = AgentKey.parse("acme/private");
    var request =
        new Request(
            new AgentCommand.Delete(agent),
            CommandService.caller(AgentKey.parse("umbrella/private")),
            null,
            null);
    assertRefused(() -> service.send(request), ErrorCode.AGENT_NOT_FOUND);
  }

  @Test
  void a_deleted_or_absent_agent_is_not_found() {
    service.send(CommandService.create("acme/gone"));
    AgentKey agent = AgentKey.parse("acme/gone");
    assertThat(service.send(new AgentCommand.Delete(agent)).agent().deleted()).isTrue();
    assertRefused(() -> service.send(new AgentCommand.Delete(agent)), ErrorCode.AGENT_NOT_FOUND);
    assertRefused(
        () -> other.send(new AgentCommand.Pause(agent, "late")), ErrorCode.AGENT_NOT_FOUND);
    assertRefused(
        () -> service.send(new AgentCommand.Resume(AgentKey.parse("acme/never"))),
        ErrorCode.AGENT_NOT_FOUND);
  }

  @Test
  void a_version_that_has_passed_is_refused() {
    service.send(CommandService.create("acme/versioned"));
    AgentKey agent = AgentKey.parse("acme/versioned");
    service.send(new AgentCommand.Pause(agent, "now"), 1L, null);
    assertRefused(
        () -> other.send(new AgentCommand.Resume(agent), 1L, null), ErrorCode.VERSION_MISMATCH);
  }

  @Test
  void parallel_commands_to_many_agents_all_succeed() {
    List<CompletableFuture<Receipt>> answers =
        IntStream.range(0, 64)
            .mapToObj(i -> service.begin(CommandService.create("crowd/agent-" + i)))
            .toList();
    assertThat(answers.stream().map(CompletableFuture::join).map(Receipt::position))
        .doesNotHaveDuplicates();
  }

  @Test
  void parallel_commands_to_one_agent_through_two_instances_are_carried_out_one_by_one() {
    service.send(CommandService.create("acme/busy"));
    AgentKey agent = AgentKey.parse("acme/busy");
    var answers = new ArrayList<CompletableFuture<Receipt>>();
    for (int i = 0; i < 64; i++) {
      answers.add(
          (i % 2 == 0 ? service : other)
              .begin(new AgentCommand.Update(agent, Map.of("name", "name-" + i))));
    }
    List<Long> versions = new ArrayList<>();
    int contended = 0;
    for (CompletableFuture<Receipt> answer : answers) {
      try {
        versions.add(answer.join().agent().version());
      } catch (CompletionException e) {
        assertThat(e.getCause())
            .asInstanceOf(InstanceOfAssertFactories.type(Refusal.class))
            .extracting(Refusal::code)
            .isEqualTo(ErrorCode.CONCURRENT_MODIFICATION);
        contended++;
      }
    }
    assertThat(versions)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 64 - contended).mapToObj(i -> i + 2L).toList());
    assertThat(contended).isLessThan(32);
  }

  @Test
  void of_many_that_expect_the_same_version_one_is_carried_out_and_no_update_is_lost() {
    Receipt created = service.send(CommandService.create("acme/expected"));
    AgentKey agent = AgentKey.parse("acme/expected");
    var answers = new ArrayList<CompletableFuture<Receipt>>();
    for (int i = 0; i < 16; i++) {
      answers.add(
          (i % 2 == 0 ? service : other)
              .begin(
                  new AgentCommands.Request(
                      new AgentCommand.Update(agent, Map.of("name", "name-" + i)),
                      CommandService.caller(agent),
                      created.agent().version(),
                      null)));
    }
    List<Receipt> done = new ArrayList<>();
    for (CompletableFuture<Receipt> answer : answers) {
      try {
        done.add(answer.join());
      } catch (CompletionException e) {
        assertThat(e.getCause())
            .asInstanceOf(InstanceOfAssertFactories.type(Refusal.class))
            .extracting(Refusal::code)
            .isEqualTo(ErrorCode.VERSION_MISMATCH);
      }
    }
    assertThat(done).hasSize(1);
    assertThat(done.getFirst().agent().version()).isEqualTo(created.agent().version() + 1);
    for (CommandService instance : List.of(service, other)) {
      assertThat(instance.send(new AgentCommand.Pause(agent, "over")).agent().name())
          .isEqualTo(done.getFirst().agent().name());
      instance.send(new AgentCommand.Resume(agent));
    }
  }

  static void assertRefused(ThrowingCallable command, ErrorCode code) {
    Refusal refusal = catchThrowableOfType(Refusal.class, command);
    assertThat(refusal).isNotNull();
    assertThat(refusal.code()).isEqualTo(code);
  }
}
