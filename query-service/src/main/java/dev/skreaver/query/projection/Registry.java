package dev.skreaver.query.projection;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.query.postgres.Session;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.R2dbcException;
import io.r2dbc.spi.Readable;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which generations there are: the truth that all instances follow, in {@code
 * read_model.projection}. Tables, tokens and views change in the same transaction as the rows here.
 */
final class Registry {
  /** Readers that found the old tables through the view have ended by then. */
  private static final Duration READERS_IN_FLIGHT = Duration.ofSeconds(30);

  private static final int GENERATIONS_LOOKED_BACK = 20;

  /** While a change waits for a table's lock, so does everyone who comes to read it. */
  private static final String LITTLE_PATIENCE = "SET LOCAL lock_timeout = '1s'";

  /** SQL states of a lock that was not to be had, and of a deadlock. */
  private static final Set<String> LOCKED = Set.of("55P03", "40P01");

  private final ConnectionFactory readModel;
  private final ConnectionFactory dedicated;

  /**
   * @param dedicated gives connections for what takes long
   */
  Registry(ConnectionFactory readModel, ConnectionFactory dedicated) {
    this.readModel = readModel;
    this.dedicated = dedicated;
  }

  /**
   * @param tokens of the live and the building generation, by generation and segment
   */
  record Entry(
      String name,
      int live,
      @Nullable Integer building,
      @Nullable Instant buildingSince,
      List<Token> tokens) {
    Generation liveGeneration() {
      return new Generation(name, live);
    }

    @Nullable Generation buildingGeneration() {
      return building == null ? null : new Generation(name, building);
    }

    List<Token> tokens(int generation) {
      return tokens.stream().filter(token -> token.generation == generation).toList();
    }
  }

  record Token(
      String projection,
      int generation,
      int segment,
      long position,
      @Nullable String owner,
      @Nullable String error) {}

  Map<String, Entry> read() {
    return Session.inTransaction(
        readModel,
        session -> {
          session.update("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
          Map<String, List<Token>> tokens =
              session
                  .rows(
                      "SELECT projection, generation, segment, position, owner, error FROM"
                          + " read_model.projection_token ORDER BY generation, segment",
                      Registry::token)
                  .stream()
                  .collect(Collectors.groupingBy(Token::projection));
          return session
              .rows(
                  "SELECT name, live_generation, building_generation, building_since FROM"
                      + " read_model.projection",
                  row -> entry(row, tokens))
              .stream()
              .collect(Collectors.toMap(Entry::name, entry -> entry));
        });
  }

  /** Gives a projection that is here for the first time its first generation. */
  void ensure(Projection<?> projection) {
    Session.inTransaction(
        readModel,
        session -> {
          if (session.update(
                  "INSERT INTO read_model.projection (name, live_generation) VALUES ($1, 1) ON"
                      + " CONFLICT DO NOTHING",
                  projection.name())
              == 1) {
            var first = new Generation(projection.name(), 1);
            create(session, projection, first, "INCLUDING ALL");
            show(session, projection, first);
          }
          return true;
        });
  }

  /**
   * Begins to build the next generation.
   *
   * @throws Refusal {@code replay_in_progress}
   */
  Generation replay(Projection<?> projection) {
    return Session.inTransaction(
        readModel,
        session -> {
          List<Integer> next =
              session.rows(
                  "UPDATE read_model.projection SET building_generation = live_generation + 1,"
                      + " building_since = clock_timestamp() WHERE name = $1 AND"
                      + " building_generation IS NULL RETURNING building_generation",
                  row -> integer(row, 0),
                  projection.name());
          if (next.isEmpty()) {
            throw new Refusal(
                ErrorCode.REPLAY_IN_PROGRESS,
                "A replay of '%s' is under way; follow it in the list of projections"
                    .formatted(projection.name()));
          }
          var generation = new Generation(projection.name(), next.getFirst());
          create(session, projection, generation, "INCLUDING ALL EXCLUDING INDEXES");
          constrain(session, projection, generation);
          return generation;
        });
  }

  /**
   * Lets the building generation serve, if it holds all that the live one holds. While this looks,
   * the live one cannot commit; afterwards it has no tokens and can never commit again. So readers
   * never go back.
   *
   * @param covers whether the building generation holds everything up to these positions of the
   *     live one's segments; may wait for that, but not long
   * @return whether it was switched; false also if another instance is about it, or a reader or a
   *     writer holds the live one for too long
   */
  boolean serve(
      Projection<?> projection, Generation live, Generation building, Predicate<long[]> covers) {
    return unlessLocked(
        session -> {
          session.update(LITTLE_PATIENCE);
          if (session
              .rows(
                  "SELECT 1 FROM read_model.projection WHERE name = $1 AND live_generation = $2 AND"
                      + " building_generation = $3 FOR UPDATE SKIP LOCKED",
                  row -> 1,
                  live.projection(),
                  live.number(),
                  building.number())
              .isEmpty()) {
            return false;
          }
          long[] reached =
              session
                  .rows(
                      "SELECT position FROM read_model.projection_token WHERE projection = $1 AND"
                          + " generation = $2 ORDER BY segment FOR UPDATE",
                      row -> Objects.requireNonNull(row.get(0, Long.class)),
                      live.projection(),
                      live.number())
                  .stream()
                  .mapToLong(Long::longValue)
                  .toArray();
          if (!covers.test(reached)) {
            return false;
          }
          show(session, projection, building);
          retire(session, live);
          session.update(
              "UPDATE read_model.projection SET live_generation = $2, building_generation = NULL,"
                  + " building_since = NULL, switched_at = clock_timestamp() WHERE name = $1",
              live.projection(),
              building.number());
          return true;
        });
  }

  /** Drops what stopped serving a while ago. */
  void dropRetired(Projection<?> projection) {
    unlessLocked(
        session -> {
          session.update(LITTLE_PATIENCE);
          List<Integer> kept =
              session.rows(
                  "SELECT live_generation FROM read_model.projection WHERE name = $1 AND"
                      + " switched_at < clock_timestamp() - $2 * interval '1 second' FOR UPDATE"
                      + " SKIP LOCKED",
                  row -> integer(row, 0),
                  projection.name(),
                  READERS_IN_FLIGHT.toSeconds());
          if (!kept.isEmpty()) {
            for (String table : retiredTables(session, projection, kept.getFirst())) {
              session.update("DROP TABLE IF EXISTS " + table);
            }
          }
          return true;
        });
  }

  /**
   * Gives way to whoever holds a lock for long: it is tried again soon, and nobody is in trouble.
   */
  private boolean unlessLocked(Function<Session, Boolean> change) {
    try {
      return Session.inTransaction(readModel, change);
    } catch (R2dbcException e) {
      if (LOCKED.contains(String.valueOf(e.getSqlState()))) {
        return false;
      }
      throw e;
    }
  }

  private static List<String> retiredTables(Session session, Projection<?> projection, int live) {
    String[] names =
        projection.tables().stream()
            .flatMap(
                table ->
                    IntStream.range(Math.max(1, live - GENERATIONS_LOOKED_BACK), live)
                        .mapToObj(old -> new Tables(old).of(table)))
            .toArray(String[]::new);
    return session.rows(
        "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL",
        row -> Objects.requireNonNull(row.get(0, String.class)),
        (Object) names);
  }

  private static void create(
      Session session, Projection<?> projection, Generation generation, String what) {
    for (String table : projection.tables()) {
      session.update(
          "CREATE TABLE %s (LIKE %s %s)"
              .formatted(generation.tables().of(table), Tables.template(table), what));
    }
    session.update(
        "INSERT INTO read_model.projection_token (projection, generation, segment, position)"
            + " SELECT $1, $2, segment, 0 FROM generate_series(0, $3 - 1) AS segment",
        generation.projection(),
        generation.number(),
        projection.segments());
  }

  /** The keys that writing relies on; all other indexes wait until there is something in it. */
  private static void constrain(Session session, Projection<?> projection, Generation generation) {
    for (String table : projection.tables()) {
      session
          .rows(
              "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::regclass"
                  + " AND contype IN ('p', 'u')",
              row -> text(row, 0),
              Tables.template(table))
          .forEach(
              key ->
                  session.update(
                      "ALTER TABLE %s ADD %s".formatted(generation.tables().of(table), key)));
    }
  }

  /** Whether a generation has all the indexes that queries need. */
  boolean indexed(Projection<?> projection, Generation generation) {
    return Session.inTransaction(
        readModel, session -> missingIndexes(session, projection, generation).isEmpty());
  }

  /**
   * Makes the indexes that a generation lacks; nobody can write to it meanwhile. May take long.
   *
   * @return false if another instance is about it
   */
  boolean index(Projection<?> projection, Generation generation) {
    return Session.inTransaction(
        dedicated,
        session -> {
          session.update("SET LOCAL statement_timeout = 0");
          boolean mine =
              session
                  .rows(
                      "SELECT pg_try_advisory_xact_lock(hashtext('skreaver indexes'),"
                          + " hashtext($1))",
                      row -> Boolean.TRUE.equals(row.get(0, Boolean.class)),
                      generation.toString())
                  .getFirst();
          if (mine) {
            missingIndexes(session, projection, generation).forEach(session::updateForLong);
          }
          return mine;
        });
  }

  /** The statements that make them. */
  private static List<String> missingIndexes(
      Session session, Projection<?> projection, Generation generation) {
    var statements = new ArrayList<String>();
    for (String table : projection.tables()) {
      String target = generation.tables().of(table);
      statements.addAll(
          session.rows(
              "SELECT 'CREATE INDEX ON ' || $2 || substring(pg_get_indexdef(indexrelid) FROM '"
                  + " USING .*') FROM pg_index WHERE indrelid = $1::regclass AND NOT indisunique"
                  + " EXCEPT SELECT 'CREATE INDEX ON ' || $2 ||"
                  + " substring(pg_get_indexdef(indexrelid) FROM ' USING .*') FROM pg_index WHERE"
                  + " indrelid = $2::regclass",
              row -> text(row, 0),
              Tables.template(table),
              target));
    }
    return statements;
  }

  private static void show(Session session, Projection<?> projection, Generation generation) {
    for (String table : projection.tables()) {
      session.update(
          "CREATE OR REPLACE VIEW %s.%s AS SELECT * FROM %s"
              .formatted(Tables.SCHEMA, table, generation.tables().of(table)));
    }
  }

  private static void retire(Session session, Generation generation) {
    for (String table : List.of("projection_token", "dead_letter")) {
      session.update(
          "DELETE FROM read_model.%s WHERE projection = $1 AND generation = $2".formatted(table),
          generation.projection(),
          generation.number());
    }
  }

  private static Token token(Readable row) {
    return new Token(
        Objects.requireNonNull(row.get(0, String.class)),
        integer(row, 1),
        integer(row, 2),
        Objects.requireNonNull(row.get(3, Long.class)),
        row.get(4, String.class),
        row.get(5, String.class));
  }

  private static Entry entry(Readable row, Map<String, List<Token>> tokens) {
    String name = Objects.requireNonNull(row.get(0, String.class));
    return new Entry(
        name,
        integer(row, 1),
        row.get(2, Integer.class),
        row.get(3, Instant.class),
        tokens.getOrDefault(name, List.of()));
  }

  private static String text(Readable row, int column) {
    return Objects.requireNonNull(row.get(column, String.class));
  }

  private static int integer(Readable row, int column) {
    return Objects.requireNonNull(row.get(column, Integer.class));
  }
}
