package dev.skreaver.query.audit;

import static dev.skreaver.query.fixture.Lives.ACME;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.command.CommandOutcome;
import dev.skreaver.api.command.CommandQueries.Search;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.personal.SubjectKey;
import dev.skreaver.embedded.Database;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.tail.EventPages;
import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.r2dbc.connection.SingleConnectionFactory;
import org.springframework.r2dbc.core.DatabaseClient;

/** What a page takes from a ledger of twenty thousand commands, a minute apart. */
class LedgerSearchTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final int ROWS = 20_000;
  private static final int LIMIT = 10;

  /**
   * Those of the whole ledger are more than six hundred, those of an hour and its planning a
   * hundred.
   */
  private static final long FEW = 250;

  private static final List<CommandOutcome> WITHOUT_EVENTS =
      List.of(CommandOutcome.UNCHANGED, CommandOutcome.REFUSED, CommandOutcome.REPEATED);

  private static final String BLOCKS =
      """
      SELECT heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read
      FROM pg_statio_user_tables WHERE relname = 'command_ledger'
      """;

  private static Stores stores;
  private static SingleConnectionFactory connection;
  private static DatabaseClient client;
  private static CommandLedger ledger;

  @BeforeAll
  static void fill() {
    stores = Stores.start();
    stores.sql("SELECT event_store.tenant_number('" + ACME.value() + "')");
    stores.sql(
        """
        INSERT INTO event_store.command_ledger (position, command_id, time, tenant_id, outcome,
          command, agent_id, subject, authentication, request_id, correlation_id, error)
        SELECT n, gen_random_uuid(), timestamptz '2026-03-01T12:00Z' + n * interval '1 minute',
          event_store.tenant_number('acme'),
          CASE WHEN n % 9000 > 0 THEN 'refused' ELSE 'unchanged' END,
          'command-' || n, 'agent-' || n % 500,
          CASE n % 5000 WHEN 0 THEN 'ada' WHEN 1 THEN repeat('long', 2000)
            ELSE 'enc:v1:s:' || lpad((n % 1000)::text, 16, '0') || ':' || gen_random_uuid() END,
          'jwt', 'request', 'correlation', CASE WHEN n % 9000 > 0 THEN 'illegal_transition' END
        FROM generate_series(1, 20000) AS n
        """);
    stores.sql("VACUUM ANALYZE event_store.command_ledger");
    connection = connection(stores.database());
    client = DatabaseClient.create(connection);
    ledger =
        new CommandLedger(
            client, client, new EventPages(connection, EventFormat.instance()), stores.texts());
  }

  /** With the settings of the service. */
  private static SingleConnectionFactory connection(Database database) {
    var factory =
        new PostgresqlConnectionFactory(
            PostgresqlConnectionConfiguration.builder()
                .host(database.host())
                .port(database.port())
                .database(database.name())
                .username(database.user())
                .password(database.password())
                .options(Map.of("enable_seqscan", "off"))
                .build());
    return new SingleConnectionFactory(
        Objects.requireNonNull(factory.create().block()), factory.getMetadata(), true);
  }

  @AfterAll
  static void close() {
    connection.destroy();
    stores.close();
  }

  @Test
  void a_page_from_the_beginning_reads_little_more_than_it_shows() {
    Search first = after("0-0");

    assertThat(page(first)).startsWith("command-1", "command-2").hasSize(LIMIT);
    assertThat(blocks(first)).isLessThan(FEW);
  }

  @Test
  void a_page_in_the_middle_reads_little_more_than_it_shows() {
    Search middle = after("9999-9999");

    assertThat(page(middle)).startsWith("command-10000", "command-10001").hasSize(LIMIT);
    assertThat(blocks(middle)).isLessThan(FEW);
  }

  @Test
  void a_search_by_a_name_that_is_sealed_is_a_look_up() {
    Search byKey = by(SubjectKey.pseudonym("0000000000000777"));

    assertThat(page(byKey)).startsWith("command-777", "command-1777").hasSize(LIMIT);
    assertThat(blocks(byKey)).isLessThan(FEW);
  }

  @Test
  void a_search_by_a_name_from_before_names_were_sealed_is_a_look_up() {
    Search byName = by("ada");

    assertThat(page(byName))
        .containsExactly("command-5000", "command-10000", "command-15000", "command-20000");
    assertThat(blocks(byName)).isLessThan(FEW);
  }

  @Test
  void a_name_that_is_longer_than_an_index_holds_is_told_from_one_that_begins_like_it() {
    assertThat(page(by("long".repeat(2000))))
        .containsExactly("command-1", "command-5001", "command-10001", "command-15001");
    assertThat(page(by("long".repeat(1999)))).isEmpty();
  }

  @Test
  void a_search_by_outcome_is_a_look_up() {
    Search unchanged = of("0-0", CommandOutcome.UNCHANGED, CommandOutcome.REPEATED);

    assertThat(page(unchanged)).containsExactly("command-9000", "command-18000");
    assertThat(blocks(unchanged)).isLessThan(FEW);
  }

  @Test
  void a_search_by_two_outcomes_keeps_the_order_of_the_ledger() {
    Search mixed = of("8997-8997", CommandOutcome.UNCHANGED, CommandOutcome.REFUSED);

    assertThat(page(mixed))
        .startsWith("command-8998", "command-8999", "command-9000", "command-9001")
        .hasSize(LIMIT);
  }

  @Test
  void a_search_from_a_recent_time_is_a_look_up() {
    Search recent = between(minute(ROWS - 5), null);

    assertThat(page(recent)).startsWith("command-19995", "command-19996").hasSize(6);
    assertThat(blocks(recent)).isLessThan(FEW);
  }

  @Test
  void a_search_from_a_time_behind_the_last_one_is_a_look_up() {
    Search later = between(minute(ROWS + 1), null);

    assertThat(page(later)).isEmpty();
    assertThat(blocks(later)).isLessThan(FEW);
  }

  @Test
  void a_search_until_an_early_time_reads_no_further() {
    Search early = between(null, minute(7));

    assertThat(page(early)).startsWith("command-1", "command-2").hasSize(6);
    assertThat(blocks(early)).isLessThan(FEW);
  }

  private static Instant minute(int number) {
    return NOON.plus(Duration.ofMinutes(number));
  }

  private static Search after(String place) {
    return new Search(ACME, null, null, WITHOUT_EVENTS, null, null, place, LIMIT, null);
  }

  private static Search by(String actor) {
    return new Search(ACME, null, actor, WITHOUT_EVENTS, null, null, "0-0", LIMIT, null);
  }

  private static Search of(String place, CommandOutcome... outcomes) {
    return new Search(ACME, null, null, List.of(outcomes), null, null, place, LIMIT, null);
  }

  private static Search between(@Nullable Instant from, @Nullable Instant before) {
    return new Search(ACME, null, null, WITHOUT_EVENTS, from, before, "0-0", LIMIT, null);
  }

  private static List<String> page(Search query) {
    return Objects.requireNonNull(ledger.page(query, ROWS).block()).commands().stream()
        .map(command -> command.command())
        .toList();
  }

  /** Of the ledger and its indexes, that a page needs. */
  private static long blocks(Search query) {
    long before = blocks();
    page(query);
    return blocks() - before;
  }

  private static long blocks() {
    client.sql("SELECT pg_stat_force_next_flush()").fetch().one().block();
    return Objects.requireNonNull(
        client
            .sql(BLOCKS)
            .map(row -> Objects.requireNonNull(row.get(0, Long.class)))
            .one()
            .block());
  }
}
