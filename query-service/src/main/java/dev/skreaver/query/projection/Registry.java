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
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which generations there are: the truth that all instances follow, in {@code
 * read_model.projection}. Tables, tokens and views change in the same transaction as the rows here.
 */
final class Registry {
  /** Readers that found the old tables through the view have ended by then. */
  private static final Duration READERS_IN_FLIGHT = Duration.ofSeconds(30);

  private static final int GENERATIONS_LOOKED_BACK = 20;

  /** An older release that comes back within this time goes on where it was. */
  private static final Duration FOR_A_WAY_BACK = Duration.ofHours(24);

  /** Of the projection {@code $1}, across its versions. */
  private static final String NEXT_GENERATION =
      "(SELECT max(greatest(live_generation, building_generation)) + 1 FROM read_model.projection"
          + " WHERE name = $1)";

  /** While a change waits for a table's lock, so does everyone who comes to read it. */
  private static final String LITTLE_PATIENCE = "SET LOCAL lock_timeout = '1s'";

  /** SQL states of a lock that was not to be had, and of a deadlock. */
  private static final Set<String> LOCKED = Set.of("55P03", "40P01");

  private final ConnectionFactory readModel;
  private final ConnectionFactory dedicated;
  private final @Nullable Integer usualPace;

  /**
   * @param dedicated gives connections for what takes long
   * @param usualPace how many events per second a building may pass that is not told it; null for
   *     as many as it can
   */
  Registry(ConnectionFactory readModel, ConnectionFactory dedicated, @Nullable Integer usualPace) {
    this.readModel = readModel;
    this.dedicated = dedicated;
    this.usualPace = usualPace;
  }

  /**
   * @param live null until the first generation of a version that came beside another is complete
   * @param tokens of all generations, by generation and segment
   */
  record Entry(
      String name,
      int version,
      @Nullable Integer live,
      @Nullable Integer building,
      @Nullable Instant buildingSince,
      Rebuild.Pace pace,
      List<Token> tokens) {
    @Nullable Generation liveGeneration() {
      return live == null ? null : new Generation(name, live);
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

  /** What it says about these projections in their own versions, by name. */
  Map<String, Entry> read(Collection<? extends Projection<?>> projections) {
    Map<String, Integer> versions =
        projections.stream().collect(Collectors.toMap(Projection::name, Projection::version));
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
                  "SELECT name, version, live_generation, building_generation, building_since,"
                      + " paused, events_per_second FROM read_model.projection",
                  row -> entry(row, tokens))
              .stream()
              .filter(entry -> Objects.equals(versions.get(entry.name), entry.version))
              .collect(Collectors.toMap(Entry::name, entry -> entry));
        });
  }

  /**
   * Gives a projection that is here for the first time its first generation. It serves at once,
   * unless another version does: then it is built beside that one, and serves when it is complete.
   * One that is there is in use from now on.
   *
   * @param archived the last position that is in the archive only; 0 if there is none
   * @throws IllegalStateException if it would have to be built, and not all events are there
   */
  void ensure(Projection<?> projection, long archived) {
    Session.inTransaction(
        readModel,
        session -> {
          session.rows(
              "SELECT pg_advisory_xact_lock(hashtext('skreaver projections'), hashtext($1))",
              row -> true,
              projection.name());
          // Waits for whoever drops it just now; after that it is not there any more.
          long there =
              session.update(
                  "UPDATE read_model.projection SET used_at = clock_timestamp() WHERE name = $1 AND"
                      + " version = $2",
                  projection.name(),
                  projection.version());
          if (there > 0) {
            return true;
          }
          if (archived > 0) {
            throw new IllegalStateException(
                "version %d of '%s' has to be built from all events, and those up to %d are archived;"
                        .formatted(projection.version(), projection.name(), archived)
                    + " restore the archive first");
          }
          boolean first =
              session
                  .rows(
                      "SELECT 1 FROM read_model.projection WHERE name = $1",
                      row -> 1,
                      projection.name())
                  .isEmpty();
          if (first) {
            begin(session, projection);
          } else {
            beginBeside(session, projection);
          }
          return true;
        });
  }

  private static void begin(Session session, Projection<?> projection) {
    session.update(
        "INSERT INTO read_model.projection (name, version, live_generation) VALUES ($1, $2, 1)",
        projection.name(),
        projection.version());
    var first = new Generation(projection.name(), 1);
    create(session, projection, first, "INCLUDING ALL");
    show(session, projection, first);
  }

  private void beginBeside(Session session, Projection<?> projection) {
    int number =
        session
            .rows(
                "INSERT INTO read_model.projection (name, version, building_generation,"
                    + " building_since, events_per_second) SELECT $1, $2, "
                    + NEXT_GENERATION
                    + ", clock_timestamp(), $3 RETURNING building_generation",
                row -> integer(row, 0),
                projection.name(),
                projection.version(),
                usualPace == null ? Integer.class : usualPace)
            .getFirst();
    createBare(session, projection, new Generation(projection.name(), number));
  }

  private static void createBare(Session session, Projection<?> projection, Generation generation) {
    create(session, projection, generation, "INCLUDING ALL EXCLUDING INDEXES");
    constrain(session, projection, generation);
  }

  /**
   * Begins to build the next generation.
   *
   * @param eventsPerSecond how fast at most; null for the usual pace
   * @throws Refusal {@code replay_in_progress}
   */
  Generation replay(Projection<?> projection, @Nullable Integer eventsPerSecond) {
    Integer limit = eventsPerSecond == null ? usualPace : eventsPerSecond;
    return Session.inTransaction(
        readModel,
        session -> {
          List<Integer> next =
              session.rows(
                  "UPDATE read_model.projection SET building_generation = "
                      + NEXT_GENERATION
                      + ", building_since = clock_timestamp(), paused = false, events_per_second ="
                      + " $3 WHERE name = $1 AND version = $2 AND building_generation IS NULL"
                      + " RETURNING building_generation",
                  row -> integer(row, 0),
                  projection.name(),
                  projection.version(),
                  limit == null ? Integer.class : limit);
          if (next.isEmpty()) {
            throw new Refusal(
                ErrorCode.REPLAY_IN_PROGRESS,
                "A replay of '%s' is under way; follow it in the list of projections"
                    .formatted(projection.name()));
          }
          var generation = new Generation(projection.name(), next.getFirst());
          createBare(session, projection, generation);
          return generation;
        });
  }

  /**
   * Lets the building of a generation wait, until {@link #resume}.
   *
   * @throws Refusal {@code replay_not_found}
   */
  void pause(Projection<?> projection) {
    pace(projection, "paused = true");
  }

  /**
   * @param eventsPerSecond how fast at most from now on; null to leave that as it is
   * @throws Refusal {@code replay_not_found}
   */
  void resume(Projection<?> projection, @Nullable Integer eventsPerSecond) {
    pace(
        projection,
        eventsPerSecond == null
            ? "paused = false"
            : "paused = false, events_per_second = " + eventsPerSecond);
  }

  private void pace(Projection<?> projection, String change) {
    long changed =
        Session.inTransaction(
            readModel,
            session ->
                session.update(
                    "UPDATE read_model.projection SET "
                        + change
                        + " WHERE name = $1 AND version = $2 AND building_generation IS NOT NULL",
                    projection.name(),
                    projection.version()));
    if (changed == 0) {
      throw new Refusal(
          ErrorCode.REPLAY_NOT_FOUND,
          "No replay of '%s' is under way; it may have caught up".formatted(projection.name()));
    }
  }

  /**
   * Lets the building generation serve, if it holds all that the live one holds. While this looks,
   * the live one cannot commit; afterwards it has no tokens and can never commit again. So readers
   * never go back.
   *
   * @param live null if none serves yet
   * @param covers whether the building generation holds everything up to these positions of the
   *     live one's segments, of which there are none if there is no live one; may wait for that,
   *     but not long
   * @return whether it was switched; false also if another instance is about it, or a reader or a
   *     writer holds the live one for too long
   */
  boolean serve(
      Projection<?> projection,
      @Nullable Generation live,
      Generation building,
      Predicate<long[]> covers) {
    return unlessLocked(
        session -> {
          session.update(LITTLE_PATIENCE);
          if (session
              .rows(
                  "SELECT 1 FROM read_model.projection WHERE name = $1 AND version = $2 AND"
                      + " live_generation IS NOT DISTINCT FROM $3 AND building_generation = $4 FOR"
                      + " UPDATE SKIP LOCKED",
                  row -> 1,
                  projection.name(),
                  projection.version(),
                  live == null ? Integer.class : live.number(),
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
                      projection.name(),
                      live == null ? Integer.class : live.number())
                  .stream()
                  .mapToLong(Long::longValue)
                  .toArray();
          if (!covers.test(reached)) {
            return false;
          }
          show(session, projection, building);
          if (live != null) {
            retire(session, live);
          }
          session.update(
              "UPDATE read_model.projection SET live_generation = $3, building_generation = NULL,"
                  + " building_since = NULL, paused = false, events_per_second = NULL, switched_at"
                  + " = clock_timestamp() WHERE name = $1 AND version = $2",
              projection.name(),
              projection.version(),
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
                  "SELECT live_generation FROM read_model.projection WHERE name = $1 AND version ="
                      + " $2 AND switched_at < clock_timestamp() - $3 * interval '1 second' FOR"
                      + " UPDATE SKIP LOCKED",
                  row -> integer(row, 0),
                  projection.name(),
                  projection.version(),
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
        "SELECT table_name FROM unnest($1::text[]) AS table_name WHERE to_regclass(table_name) IS"
            + " NOT NULL AND NOT EXISTS (SELECT FROM read_model.projection WHERE name = $2 AND"
            + " substring(table_name FROM '_(\\d+)$')::int IN (live_generation,"
            + " building_generation))",
        row -> text(row, 0),
        names,
        projection.name());
  }

  /** Notes that a release with this version is alive. */
  void used(Projection<?> projection) {
    Session.inTransaction(
        readModel,
        session ->
            session.update(
                "UPDATE read_model.projection SET used_at = clock_timestamp() WHERE name = $1 AND"
                    + " version = $2 AND used_at < clock_timestamp() - interval '1 minute'",
                projection.name(),
                projection.version()));
  }

  /**
   * Drops the read models of older versions that no release has used for long. An instance that was
   * not seen for a minute is not listed, so each one that is may still use what it handles.
   */
  void dropUnused(Projection<?> projection) {
    unlessLocked(
        session -> {
          session.update(LITTLE_PATIENCE);
          record Unused(int version, List<Integer> generations) {}
          List<Unused> unused =
              session.rows(
                  "SELECT version, live_generation, building_generation FROM read_model.projection"
                      + " WHERE name = $1 AND version < $2 AND EXISTS (SELECT FROM"
                      + " read_model.projection WHERE name = $1 AND version = $2 AND"
                      + " live_generation IS NOT NULL) AND used_at < clock_timestamp() - $3 *"
                      + " interval '1 second' AND NOT EXISTS (SELECT FROM read_model.instance WHERE"
                      + " name || ':' || version = ANY(handles)) FOR UPDATE SKIP LOCKED",
                  row ->
                      new Unused(
                          integer(row, 0),
                          Stream.of(row.get(1, Integer.class), row.get(2, Integer.class))
                              .filter(Objects::nonNull)
                              .toList()),
                  projection.name(),
                  projection.version(),
                  FOR_A_WAY_BACK.toSeconds());
          for (Unused old : unused) {
            for (String table : projection.tables()) {
              session.update("DROP VIEW IF EXISTS " + Tables.view(table, old.version));
              for (int generation : old.generations) {
                session.update("DROP TABLE IF EXISTS " + new Tables(generation).of(table));
              }
            }
            for (int generation : old.generations) {
              retire(session, new Generation(projection.name(), generation));
            }
            session.update(
                "DELETE FROM read_model.projection WHERE name = $1 AND version = $2",
                projection.name(),
                old.version);
          }
          return true;
        });
  }

  private static void create(
      Session session, Projection<?> projection, Generation generation, String what) {
    for (String table : projection.tables()) {
      session.update(
          "CREATE TABLE %s (LIKE %s %s)"
              .formatted(
                  generation.tables().of(table),
                  Tables.template(table, projection.version()),
                  what));
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
              Tables.template(table, projection.version()))
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
              Tables.template(table, projection.version()),
              target));
    }
    return statements;
  }

  private static void show(Session session, Projection<?> projection, Generation generation) {
    for (String table : projection.tables()) {
      session.update(
          "CREATE OR REPLACE VIEW %s AS SELECT * FROM %s"
              .formatted(Tables.view(table, projection.version()), generation.tables().of(table)));
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
        row.get(3, Integer.class),
        row.get(4, Instant.class),
        new Rebuild.Pace(Boolean.TRUE.equals(row.get(5, Boolean.class)), row.get(6, Integer.class)),
        tokens.getOrDefault(name, List.of()));
  }

  private static String text(Readable row, int column) {
    return Objects.requireNonNull(row.get(column, String.class));
  }

  private static int integer(Readable row, int column) {
    return Objects.requireNonNull(row.get(column, Integer.class));
  }
}
