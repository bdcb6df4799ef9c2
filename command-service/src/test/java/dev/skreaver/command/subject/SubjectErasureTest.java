package dev.skreaver.command.subject;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentCommands.Idempotency;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.subject.SubjectErasure;
import dev.skreaver.api.subject.SubjectErasure.Erased;
import dev.skreaver.command.CommandService;
import dev.skreaver.command.store.KeyDestroyedException;
import dev.skreaver.command.store.OpenedTexts;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.command.store.SubjectKeys.Actor;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.axonframework.eventhandling.GenericDomainEventMessage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is left of a subject in the event store, by two instances of the service. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SubjectErasureTest {
  private static final TenantId ACME = new TenantId("acme");
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
  void an_erasure_is_an_event_that_says_who_asked_for_it_and_why() throws SQLException {
    send(service, "berta", CommandService.create("acme/of-berta"));

    Erased erased = erase(service, "berta");

    assertThat(erased.repeated()).isFalse();
    assertThat(erased.subject()).matches("erased:[0-9a-f]{16}");
    assertThat(
            lines(
                """
                SELECT concat_ws(' ', type, version, convert_from(metadata, 'UTF8')::json ->> 'subject',
                  convert_from(payload, 'UTF8')::json ->> 'subject',
                  convert_from(payload, 'UTF8')::json ->> 'reason')
                FROM event_store.recorded_event WHERE position = %d
                """
                    .formatted(erased.position())))
        .containsExactly("subject.erased 0 operator " + erased.subject() + " ticket 4711");
  }

  @Test
  void what_the_subject_wrote_is_gone_and_no_event_was_touched() throws SQLException {
    AgentKey agent = AgentKey.parse("acme/of-carl");
    send(service, "carl", CommandService.create("acme/of-carl"));
    send(service, "carl", new AgentCommand.Pause(agent, "carl's private matter"));
    String stored =
        "SELECT md5(string_agg(e::text, ',' ORDER BY position)) FROM event_store.event e WHERE"
            + " position <= %d";
    long before = Long.parseLong(lines("SELECT max(position) FROM event_store.event").getFirst());
    List<String> hashes = lines(stored.formatted(before));
    assertThat(texts("of-carl")).contains("carl", "carl's private matter");

    Erased erased = erase(other, "carl");

    assertThat(texts("of-carl")).containsOnly("", erased.subject(), "[erased]");
    assertThat(lines(stored.formatted(before))).isEqualTo(hashes);
  }

  @Test
  void to_ask_again_is_no_error_also_of_another_instance() {
    send(service, "dora", CommandService.create("acme/of-dora"));

    Erased first = erase(service, "dora");
    Erased again = erase(other, "dora");

    assertThat(again)
        .isEqualTo(new Erased(first.subject(), first.erasedAt(), first.position(), true));
  }

  @Test
  void many_who_ask_at_once_erase_once() {
    send(service, "emil", CommandService.create("acme/of-emil"));
    var answers = new ArrayList<CompletableFuture<Erased>>();
    for (int i = 0; i < 8; i++) {
      CommandService instance = i % 2 == 0 ? service : other;
      answers.add(
          CompletableFuture.supplyAsync(
              () -> erase(instance, "emil"), task -> Thread.ofVirtual().start(task)));
    }

    List<Erased> erased = answers.stream().map(CompletableFuture::join).toList();

    assertThat(erased).extracting(Erased::position).containsOnly(erased.getFirst().position());
    assertThat(erased).filteredOn(answer -> !answer.repeated()).hasSize(1);
  }

  @Test
  void the_same_name_in_another_tenant_is_somebody_else() throws SQLException {
    send(service, "fritz", CommandService.create("acme/of-fritz"));
    send(service, "fritz", CommandService.create("umbrella/of-another-fritz"));

    erase(service, "fritz");

    assertThat(texts("of-another-fritz")).contains("fritz");
    assertThat(texts("of-fritz")).doesNotContain("fritz");
  }

  @Test
  void a_subject_that_never_acted_is_not_found() {
    assertThat(refusal("nobody", "ticket 4711").code()).isEqualTo(ErrorCode.SUBJECT_NOT_FOUND);
  }

  @ParameterizedTest
  @CsvSource({
    "'', ticket, subject",
    "'  ', ticket, subject",
    "ada, '', reason",
    "ada, asked for by Ada, reason",
  })
  void a_request_that_makes_no_sense_is_refused(String subject, String reason, String field) {
    Refusal refusal = refusal(subject, reason);
    assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_INPUT);
    assertThat(refusal.details()).containsEntry("field", field);
  }

  @Test
  void a_subject_that_acts_again_is_somebody_new_also_to_an_instance_that_remembers_the_old_key()
      throws SQLException {
    AgentKey agent = AgentKey.parse("acme/of-gerda");
    send(other, "gerda", CommandService.create("acme/of-gerda"));
    Erased erased = erase(service, "gerda");

    Receipt paused = send(other, "gerda", new AgentCommand.Pause(agent, "back again"));

    assertThat(paused.agent().statusReason()).isEqualTo("back again");
    assertThat(paused.agent().owner()).isEqualTo(erased.subject());
    assertThat(texts("of-gerda")).contains("gerda", "back again", erased.subject());
    assertThat(erase(service, "gerda").subject()).isNotEqualTo(erased.subject());
    assertThat(texts("of-gerda")).doesNotContain("gerda", "back again");
  }

  @Test
  void an_instance_that_remembers_the_key_shows_nothing_after_the_erasure() {
    AgentKey agent = AgentKey.parse("acme/of-hans");
    Receipt created = send(other, "hans", CommandService.create("acme/of-hans"));
    assertThat(created.agent().owner()).isEqualTo("hans");
    String pseudonym = erase(service, "hans").subject();

    var asked =
        Objects.requireNonNull(
            other
                .bean(AgentCommands.class)
                .dryRun(request("iris", new AgentCommand.Pause(agent, "would it work?"), null))
                .block());
    Receipt paused = send(other, "iris", new AgentCommand.Pause(agent, "it works"));

    assertThat(asked.agent().owner()).isEqualTo(pseudonym);
    assertThat(asked.events().getFirst().data().path("reason").asString())
        .isEqualTo("would it work?");
    assertThat(paused.agent().owner()).isEqualTo(pseudonym);
  }

  @Test
  void the_agent_of_an_erased_subject_lives_on_also_after_a_restart() {
    AgentKey agent = AgentKey.parse("acme/of-jana");
    send(service, "jana", CommandService.create("acme/of-jana"));
    String pseudonym = erase(service, "jana").subject();

    try (CommandService restarted = CommandService.on(database)) {
      send(restarted, "karl", new AgentCommand.Pause(agent, "a rest"));
      Receipt resumed = send(restarted, "karl", new AgentCommand.Resume(agent));

      assertThat(resumed.agent().owner()).isEqualTo(pseudonym);
      assertThat(erase(restarted, "jana").repeated()).isTrue();
    }
  }

  @Test
  void a_repeat_is_recognized_until_the_erasure_and_a_new_command_after_it() {
    AgentKey agent = AgentKey.parse("acme/of-lena");
    send(service, "lena", CommandService.create("acme/of-lena"));
    var key = new Idempotency("once", "print");
    AgentCommand pause = new AgentCommand.Pause(agent, "only once");
    Receipt first = service.send(request("lena", pause, key));
    Receipt repeat = other.send(request("lena", pause, key));
    assertThat(repeat.repeated()).isTrue();
    assertThat(repeat.agent()).isEqualTo(first.agent());

    erase(service, "lena");

    assertThat(
            catchThrowableOfType(Refusal.class, () -> service.send(request("lena", pause, key)))
                .code())
        .isEqualTo(ErrorCode.ILLEGAL_TRANSITION);
  }

  @Test
  void a_repeat_is_known_of_a_command_that_was_decided_again_because_of_an_erasure() {
    var key = new Idempotency("again", "print");
    AgentCommand pause = new AgentCommand.Pause(AgentKey.parse("acme/of-lina"), "once");
    createAndRemember("lina", "acme/of-lina");
    erase(other, "lina");

    Receipt first = service.send(request("lina", pause, key));
    Receipt again = other.send(request("lina", pause, key));

    assertThat(first.repeated()).isFalse();
    assertThat(again.repeated()).isTrue();
    assertThat(again.position()).isEqualTo(first.position());
  }

  @Test
  void a_repeat_is_known_of_a_refusal_that_was_written_down_again_because_of_an_erasure() {
    var key = new Idempotency("again", "print");
    AgentKey agent = AgentKey.parse("acme/of-lino");
    AgentCommand resume = new AgentCommand.Resume(agent);
    createAndRemember("lino", "acme/of-lino");
    erase(other, "lino");

    assertThat(
            catchThrowableOfType(Refusal.class, () -> service.send(request("lino", resume, key))))
        .isNotNull();
    send(service, "ada", new AgentCommand.Pause(agent, "now it could be resumed"));

    assertThat(
            catchThrowableOfType(Refusal.class, () -> other.send(request("lino", resume, key)))
                .code())
        .isEqualTo(ErrorCode.ILLEGAL_TRANSITION);
  }

  /**
   * The first command may tell the service of an erasure before; it keeps the key of the second.
   */
  private static void createAndRemember(String subject, String agent) {
    send(service, subject, CommandService.create(agent));
    send(service, subject, new AgentCommand.Update(AgentKey.parse(agent), Map.of("name", "mine")));
  }

  @Test
  void whoever_erases_itself_stays_only_as_a_pseudonym() throws SQLException {
    send(service, "operator-of-itself", CommandService.create("acme/of-itself"));

    Erased erased = erase(service, "operator-of-itself", "operator-of-itself", "leaving");

    assertThat(
            lines(
                """
                SELECT concat_ws(' ', convert_from(metadata, 'UTF8')::json ->> 'subject',
                  convert_from(payload, 'UTF8')::json ->> 'reason')
                FROM event_store.recorded_event WHERE position = %d
                """
                    .formatted(erased.position())))
        .containsExactly(erased.subject() + " [erased]");
  }

  @Test
  void nothing_can_be_stored_under_a_destroyed_key() throws SQLException {
    var engine = service.bean(PostgresEventStorageEngine.class);
    send(service, "mona", CommandService.create("acme/of-mona"));
    Actor mona = engine.subjects().actor("acme", "mona");
    erase(other, "mona");

    AgentKey agent = AgentKey.parse("acme/too-late");
    assertThatThrownBy(
            () ->
                engine.appendEvents(
                    List.of(
                        new GenericDomainEventMessage<>(
                            "agent",
                            agent.toString(),
                            0,
                            new AgentEvent.Started(agent.id()),
                            Map.of("tenant", "acme", "subject", mona.sealedName())))))
        .isInstanceOf(KeyDestroyedException.class);
    assertThat(texts("too-late")).isEmpty();
  }

  @Test
  void a_destroyed_key_cannot_be_put_back_and_no_key_can_be_removed() throws SQLException {
    send(service, "nora", CommandService.create("acme/of-nora"));
    String id = erase(service, "nora").subject().substring("erased:".length());

    for (String change :
        new String[] {
          "UPDATE event_store.subject_key SET key = sha256('x'), destroyed_at = NULL, erasure ="
              + " NULL WHERE key_id = '"
              + id
              + "'",
          "UPDATE event_store.subject_key SET key = sha256('x') WHERE key IS NOT NULL",
          "DELETE FROM event_store.subject_key",
          "TRUNCATE event_store.subject_key"
        }) {
      assertThatThrownBy(() -> lines(change)).hasMessageContaining("refused");
    }
  }

  @Test
  void a_subject_that_acts_on_all_instances_during_its_erasure_is_not_refused_and_leaves_nothing()
      throws SQLException {
    var stop = new AtomicBoolean();
    var busy = new ArrayList<CompletableFuture<Integer>>();
    for (int i = 0; i < 6; i++) {
      String agent = "acme/of-olga-" + i;
      CommandService instance = i % 2 == 0 ? service : other;
      send(instance, "olga", CommandService.create(agent));
      busy.add(
          CompletableFuture.supplyAsync(
              () -> actUntil(stop, instance, AgentKey.parse(agent)),
              task -> Thread.ofVirtual().start(task)));
    }
    var erasures = new ArrayList<Erased>();
    for (int i = 0; i < 3; i++) {
      erasures.add(erase(i % 2 == 0 ? service : other, "olga"));
    }
    stop.set(true);
    assertThat(busy).extracting(CompletableFuture::join).allMatch(commands -> commands > 0);
    erasures.add(erase(service, "olga"));

    for (Erased erased : erasures) {
      assertThat(
              lines(
                  """
                  SELECT count(*) FROM event_store.recorded_event
                  WHERE position > %d AND convert_from(metadata, 'UTF8') LIKE '%%enc:v1:s:%s:%%'
                  """
                      .formatted(
                          erased.position(), erased.subject().substring("erased:".length()))))
          .as("events under a key after its destruction")
          .containsExactly("0");
    }
    for (int i = 0; i < 6; i++) {
      assertThat(texts("of-olga-" + i)).doesNotContain("olga", "olga's business");
    }
  }

  /**
   * @return how many commands it gave
   */
  private static int actUntil(AtomicBoolean stop, CommandService instance, AgentKey agent) {
    int commands = 0;
    do {
      send(instance, "olga", new AgentCommand.Pause(agent, "olga's business"));
      send(instance, "olga", new AgentCommand.Resume(agent));
      commands += 2;
    } while (!stop.get());
    return commands;
  }

  private static Receipt send(CommandService instance, String subject, AgentCommand command) {
    return instance.send(request(subject, command, null));
  }

  private static Request request(
      String subject, AgentCommand command, @Nullable Idempotency idempotency) {
    return new Request(command, caller(command.agent().tenant(), subject), null, idempotency);
  }

  private static Caller caller(TenantId tenant, String subject) {
    return new Caller(tenant, subject, "jwt", "request-1", "correlation-1", null);
  }

  private static Erased erase(CommandService instance, String subject) {
    return erase(instance, "operator", subject, "ticket 4711");
  }

  private static Erased erase(
      CommandService instance, String operator, String subject, String reason) {
    var request = new SubjectErasure.Request(caller(ACME, operator), subject, reason);
    return Objects.requireNonNull(instance.bean(SubjectErasure.class).erase(request).block());
  }

  private static Refusal refusal(String subject, String reason) {
    return catchThrowableOfType(Refusal.class, () -> erase(service, "operator", subject, reason));
  }

  /** All that is personal in an agent's events, opened as far as it can be. */
  private static List<String> texts(String agent) throws SQLException {
    return lines(
        """
        SELECT coalesce(text, '') FROM event_store.recorded_event,
          LATERAL (VALUES
            (convert_from(metadata, 'UTF8')::json ->> 'subject'),
            (convert_from(payload, 'UTF8')::json ->> 'owner'),
            (convert_from(payload, 'UTF8')::json ->> 'reason')) AS texts (text)
        WHERE agent_id = '%s'
        """
            .formatted(agent));
  }

  private static List<String> lines(String query) throws SQLException {
    var lines = new ArrayList<String>();
    try (var connection = service.bean(DataSource.class).getConnection();
        var statement = connection.createStatement()) {
      if (statement.execute(query)) {
        ResultSet result = statement.getResultSet();
        while (result.next()) {
          lines.add(OpenedTexts.in(connection, result.getString(1)));
        }
      }
    }
    return lines;
  }
}
