package dev.skreaver.query.postgres;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Parameters;
import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Result;
import io.r2dbc.spi.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * One R2DBC connection, used step by step from a thread that may wait (a virtual one). Failures are
 * {@link io.r2dbc.spi.R2dbcException}.
 */
public final class Session implements AutoCloseable {
  /** The server's statement timeout is shorter; this ends a wait for a server that went silent. */
  private static final Duration SILENCE = Duration.ofSeconds(90);

  private final Connection connection;

  private Session(Connection connection) {
    this.connection = connection;
  }

  public static Session open(ConnectionFactory database) {
    Mono<Connection> opening = Mono.<Connection>from(database.create()).cache();
    try {
      return new Session(waitFor(opening));
    } catch (RuntimeException e) {
      // Whoever was interrupted while it waited may have been given one all the same.
      opening.flatMap(late -> Mono.from(late.close())).onErrorComplete().subscribe();
      throw e;
    }
  }

  /** Runs in one transaction on a connection of its own. */
  public static <T extends @Nullable Object> T inTransaction(
      ConnectionFactory database, Function<Session, T> work) {
    try (Session session = open(database)) {
      session.begin();
      try {
        T result = work.apply(session);
        session.commit();
        return result;
      } catch (RuntimeException e) {
        session.rollbackQuietly(e);
        throw e;
      }
    }
  }

  public Connection connection() {
    return connection;
  }

  /**
   * @param parameters for {@code $1}, {@code $2} and so on; a typed null is a class
   * @return the number of rows that changed
   */
  public long update(String sql, Object... parameters) {
    return waitFor(
        Flux.from(statement(connection, sql, parameters).execute())
            .flatMap(Result::getRowsUpdated)
            .reduce(0L, Long::sum));
  }

  /** The same for what takes as long as it takes, where the statement timeout is off. */
  public void updateForLong(String sql) {
    Flux.from(command(sql)).then().block();
  }

  public <T> List<T> rows(String sql, Function<Readable, T> row, Object... parameters) {
    return waitFor(rows(connection, sql, row, parameters).collectList());
  }

  /** Waits for what runs on this connection. */
  public void run(Publisher<?> work) {
    Flux.from(work).then().block(SILENCE);
  }

  /**
   * Runs work as one transaction in one round trip: nothing waits for an answer before the commit
   * is sent, so the work must send everything when it is subscribed to, and only the server can
   * refuse it. After a failure the session is of no more use.
   *
   * @param then run as soon as it is committed; must not wait
   */
  public void pipelined(Runnable then, Publisher<?>... work) {
    Mono<Void> all =
        Mono.whenDelayError(
            Stream.of(
                    Stream.of(command("BEGIN")), Arrays.stream(work), Stream.of(command("COMMIT")))
                .flatMap(each -> each)
                .toList());
    try {
      all.doOnSuccess(done -> then.run()).block(SILENCE);
    } catch (RuntimeException e) {
      throw Exceptions.unwrapMultipleExcludingTracebacks(e).getFirst()
              instanceof RuntimeException first
          ? first
          : e;
    }
  }

  private Publisher<?> command(String sql) {
    return Flux.from(connection.createStatement(sql).execute()).flatMap(Result::getRowsUpdated);
  }

  public void begin() {
    run(connection.beginTransaction());
  }

  public void commit() {
    run(connection.commitTransaction());
  }

  public void rollback() {
    run(connection.rollbackTransaction());
  }

  private void rollbackQuietly(RuntimeException cause) {
    try {
      rollback();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  /** Closes a connection that may be broken, without waiting for it. */
  public void discard() {
    Mono.from(connection.close()).onErrorComplete().subscribe();
  }

  /** An interrupt ends the wait for it, not the closing: a pool would miss the connection. */
  @Override
  public void close() {
    run(Mono.from(connection.close()).cache());
  }

  /** The same without waiting, for reactive callers. */
  public static <T> Flux<T> rows(
      Connection connection, String sql, Function<Readable, T> row, Object... parameters) {
    return Flux.from(statement(connection, sql, parameters).execute())
        .concatMap(result -> result.map(row));
  }

  private static Statement statement(Connection connection, String sql, Object... parameters) {
    Statement statement = connection.createStatement(sql);
    for (int i = 0; i < parameters.length; i++) {
      Object parameter = parameters[i];
      statement.bind(i, parameter instanceof Class<?> type ? Parameters.in(type) : parameter);
    }
    return statement;
  }

  private static <T> T waitFor(Mono<T> work) {
    T result = work.block(SILENCE);
    if (result == null) {
      throw new IllegalStateException("the database driver gave no answer");
    }
    return result;
  }
}
