package dev.skreaver.command.agent;

import static dev.skreaver.command.agent.AgentCommandsTest.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentCommands.DryRun;
import dev.skreaver.api.agent.AgentCommands.Idempotency;
import dev.skreaver.api.agent.AgentCommands.ProposedEvent;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentStatus;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.command.CommandService;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.axonframework.messaging.annotation.ParameterResolverFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.datasource.DelegatingDataSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DryRunsTest {
  private static CommandService service;
  private static CommandService other;

  @BeforeAll
  static void startTwoInstances() {
    Database database = PostgresServer.shared().freshDatabase();
    service = CommandService.on(database);
    other = CommandService.on(database);
  }

  @AfterAll
  static void stop() {
    service.close();
    other.close();
  }

  @Test
  void it_answers_with_the_events_and_the_agent_of_the_command_and_stores_nothing()
      throws SQLException {
    Receipt created = service.send(CommandService.create("acme/asked"));
    AgentCommand pause = new AgentCommand.Pause(AgentKey.parse("acme/asked"), "lunch");
    long before = number("SELECT max(position) FROM event_store.event");

    DryRun asked = dryRun(service, pause);

    ProposedEvent paused = asked.events().getFirst();
    assertThat(asked.events()).hasSize(1);
    assertThat(paused.type()).isEqualTo("agent.paused");
    assertThat(paused.version()).isEqualTo(2);
    assertThat(paused.data().path("reason").asString()).isEqualTo("lunch");
    assertThat(asked.agent().status()).isEqualTo(AgentStatus.PAUSED);
    assertThat(asked.agent().version()).isEqualTo(2);
    assertThat(asked.position()).isEqualTo(created.position());
    assertThat(asked.decidedOn()).isEqualTo(1);
    assertThat(number("SELECT max(position) FROM event_store.event")).isEqualTo(before);
    assertThat(number("SELECT last_value FROM event_store.event_position")).isEqualTo(before);
  }

  @Test
  void the_agent_in_memory_does_not_notice() {
    AgentKey agent = AgentKey.parse("acme/unmoved");
    service.send(CommandService.create("acme/unmoved"));
    dryRun(service, new AgentCommand.Pause(agent, "only asked"));
    dryRun(service, new AgentCommand.Delete(agent));

    assertRefused(() -> service.send(new AgentCommand.Resume(agent)), ErrorCode.ILLEGAL_TRANSITION);
    Receipt paused = service.send(new AgentCommand.Pause(agent, "in earnest"));

    assertThat(paused.agent().version()).isEqualTo(2);
    assertThat(paused.agent().statusReason()).isEqualTo("in earnest");
  }

  @Test
  void it_is_decided_on_what_another_instance_did() {
    AgentKey agent = AgentKey.parse("acme/fresh");
    service.send(CommandService.create("acme/fresh"));
    other.send(new AgentCommand.Pause(agent, "by the other"));

    assertThat(dryRun(service, new AgentCommand.Resume(agent)).agent().version()).isEqualTo(3);
  }

  @Test
  void what_the_command_would_be_refused_for_is_refused() {
    AgentKey agent = AgentKey.parse("acme/refused");
    service.send(CommandService.create("acme/refused"));

    assertRefused(
        () -> dryRun(service, new AgentCommand.Resume(agent)), ErrorCode.ILLEGAL_TRANSITION);
    assertRefused(
        () -> dryRun(service, new AgentCommand.Pause(agent, " ")), ErrorCode.INVALID_INPUT);
    assertRefused(
        () -> dryRun(service, new AgentCommand.Pause(agent, "x"), 0L, null),
        ErrorCode.VERSION_MISMATCH);
    assertRefused(
        () -> dryRun(service, CommandService.create("acme/refused")),
        ErrorCode.AGENT_ALREADY_EXISTS);
    assertRefused(
        () -> dryRun(other, CommandService.create("acme/refused")), ErrorCode.AGENT_ALREADY_EXISTS);
    AgentKey never = AgentKey.parse("acme/never");
    assertRefused(() -> dryRun(service, new AgentCommand.Resume(never)), ErrorCode.AGENT_NOT_FOUND);
    service.send(new AgentCommand.Delete(agent));
    assertRefused(() -> dryRun(service, new AgentCommand.Delete(agent)), ErrorCode.AGENT_NOT_FOUND);
  }

  @Test
  void an_agent_that_was_only_asked_about_does_not_exist() {
    AgentKey agent = AgentKey.parse("acme/imagined");

    DryRun asked = dryRun(service, CommandService.create("acme/imagined"));

    assertThat(asked.events())
        .extracting(ProposedEvent::type)
        .containsExactly("agent.created", "agent.started");
    assertThat(asked.agent().owner()).isEqualTo("ada");
    assertThat(asked.decidedOn()).isEqualTo(-1);
    assertRefused(() -> service.send(new AgentCommand.Delete(agent)), ErrorCode.AGENT_NOT_FOUND);
    assertThat(service.send(CommandService.create("acme/imagined")).agent().version()).isOne();
  }

  @Test
  void a_command_that_would_change_nothing_proposes_nothing() {
    Receipt created = service.send(CommandService.create("acme/same"));

    DryRun asked =
        dryRun(
            service,
            new AgentCommand.Update(AgentKey.parse("acme/same"), Map.of("name", "worker")));

    assertThat(asked.events()).isEmpty();
    assertThat(asked.agent()).isEqualTo(created.agent());
    assertThat(asked.decidedOn()).isEqualTo(1);
  }

  @Test
  void an_idempotency_key_is_not_used_up() throws SQLException {
    service.send(CommandService.create("acme/keyed"));
    AgentCommand pause = new AgentCommand.Pause(AgentKey.parse("acme/keyed"), "x");
    var key = new Idempotency("dry", "fingerprint");

    dryRun(service, pause, null, key);

    assertThat(number("SELECT count(*) FROM event_store.command_receipt WHERE key = 'dry'"))
        .isZero();
    assertThat(service.send(pause, null, key).repeated()).isFalse();
  }

  @Test
  void a_sealed_text_that_came_with_the_command_is_not_opened() throws SQLException {
    AgentKey agent = AgentKey.parse("acme/confidant");
    service.send(CommandService.create("acme/confidant"));
    long position = service.send(new AgentCommand.Pause(agent, "a secret")).position();
    String stolen =
        text(
            """
            SELECT convert_from(payload, 'UTF8')::json ->> 'reason'
            FROM event_store.recorded_event WHERE position = %d
            """
                .formatted(position));
    service.send(CommandService.create("umbrella/curious"));

    DryRun asked =
        dryRun(service, new AgentCommand.Pause(AgentKey.parse("umbrella/curious"), stolen));

    assertThat(asked.agent().statusReason()).isEqualTo(stolen);
    assertThat(asked.agent().owner()).isEqualTo("ada");
    assertThat(asked.events().getFirst().data().path("reason").asString()).isEqualTo(stolen);
  }

  @Test
  void what_was_stored_is_shown_beside_what_came_with_the_command() {
    AgentKey agent = AgentKey.parse("acme/beside");
    service.send(CommandService.create("acme/beside"));
    service.send(new AgentCommand.Pause(agent, "lunch"));

    DryRun asked = dryRun(other, new AgentCommand.Update(agent, Map.of("name", "renamed")));

    assertThat(asked.agent().statusReason()).isEqualTo("lunch");
    assertThat(asked.agent().owner()).isEqualTo("ada");
  }

  @Test
  void whoever_asks_waits_for_no_store_however_soon_it_is_decided() throws Exception {
    Request request = request(CommandService.create("acme/soon"), null, null);
    Set<Thread> waited = ConcurrentHashMap.newKeySet();
    var store =
        new DelegatingDataSource(service.bean(DataSource.class)) {
          @Override
          public Connection getConnection() throws SQLException {
            waited.add(Thread.currentThread());
            return super.getConnection();
          }
        };
    try (var engine = new PostgresEventStorageEngine(store, EventFormat.upcasters(), 1, 24);
        var threads = finishingFirst()) {
      DryRuns dryRuns =
          new AgentConfiguration()
              .dryRuns(threads, service.bean(ParameterResolverFactory.class), engine);
      waited.clear();

      dryRuns.decide(request).join();

      assertThat(waited).isNotEmpty().doesNotContain(Thread.currentThread());
    }
  }

  /** Has carried out a task before whoever gave it goes on, as if that one had been held up. */
  private static ExecutorService finishingFirst() {
    return new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>()) {
      @Override
      public void execute(Runnable task) {
        CompletableFuture.runAsync(task, super::execute).join();
      }
    };
  }

  private static DryRun dryRun(CommandService instance, AgentCommand command) {
    return dryRun(instance, command, null, null);
  }

  private static DryRun dryRun(
      CommandService instance,
      AgentCommand command,
      @Nullable Long expectedVersion,
      @Nullable Idempotency idempotency) {
    Request request = request(command, expectedVersion, idempotency);
    return Objects.requireNonNull(
        instance.bean(AgentCommands.class).dryRun(request).block(Duration.ofSeconds(60)));
  }

  private static Request request(
      AgentCommand command, @Nullable Long expectedVersion, @Nullable Idempotency idempotency) {
    return new Request(
        command, CommandService.caller(command.agent()), expectedVersion, idempotency);
  }

  private static long number(String query) throws SQLException {
    return Long.parseLong(text(query));
  }

  private static String text(String query) throws SQLException {
    try (var connection = service.bean(DataSource.class).getConnection();
        var statement = connection.createStatement();
        ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getString(1);
    }
  }
}
