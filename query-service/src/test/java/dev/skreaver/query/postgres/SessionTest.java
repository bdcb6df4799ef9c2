package dev.skreaver.query.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryMetadata;
import io.r2dbc.spi.R2dbcException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

class SessionTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final ConnectionPool pool = pool(PostgresServer.shared().freshDatabase());

  @AfterEach
  void close() {
    pool.dispose();
  }

  @Test
  void a_transaction_that_is_interrupted_gives_its_connection_back() throws InterruptedException {
    var begun = new CountDownLatch(1);
    var failure = new AtomicReference<@Nullable Throwable>();
    Thread worker =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    Session.inTransaction(
                        pool,
                        session -> {
                          session.update("CREATE TABLE half (done int)");
                          begun.countDown();
                          return session.rows("SELECT pg_sleep(5)", row -> 1);
                        });
                  } catch (RuntimeException e) {
                    failure.set(e);
                  }
                });
    begun.await();

    worker.interrupt();
    assertThat(worker.join(LONG)).isTrue();

    assertThat(failure.get()).isNotNull();
    awaitAllFree();
    assertThat(tables()).isZero();
  }

  @Test
  void who_is_interrupted_as_a_connection_arrives_does_not_keep_it() {
    Thread waiting = Thread.currentThread();

    assertThatThrownBy(() -> Session.open(onArrival(pool, connection -> interrupt(waiting))))
        .hasCauseInstanceOf(InterruptedException.class);

    assertThat(Thread.interrupted()).isTrue();
    awaitAllFree();
  }

  @Test
  void who_is_interrupted_while_it_closes_gives_its_connection_back() {
    Session session = Session.open(pool);
    session.begin();
    session.update("CREATE TABLE half (done int)");
    Thread.currentThread().interrupt();

    // The answer may be there before it waits.
    Throwable interrupted = catchThrowable(session::close);

    assertThat(interrupted == null || interrupted.getCause() instanceof InterruptedException)
        .isTrue();

    assertThat(Thread.interrupted()).isTrue();
    awaitAllFree();
    assertThat(tables()).isZero();
  }

  @Test
  void a_transaction_that_fails_is_rolled_back_and_says_why() {
    assertThatThrownBy(
            () ->
                Session.inTransaction(
                    pool,
                    session -> {
                      session.update("CREATE TABLE half (done int)");
                      return session.update("SELECT 1 / 0");
                    }))
        .isInstanceOf(R2dbcException.class)
        .hasMessageContaining("division by zero");

    awaitAllFree();
    assertThat(tables()).isZero();
  }

  /** Not before it waits. */
  private static void interrupt(Thread thread) {
    await().atMost(LONG).until(() -> thread.getState() == Thread.State.TIMED_WAITING);
    thread.interrupt();
  }

  private void awaitAllFree() {
    await()
        .atMost(LONG)
        .untilAsserted(
            () ->
                assertThat(Objects.requireNonNull(pool.getMetrics().orElse(null)).acquiredSize())
                    .isZero());
  }

  private long tables() {
    try (Session session = Session.open(pool)) {
      return session
          .rows(
              "SELECT count(*) FROM pg_tables WHERE tablename = 'half'",
              row -> Objects.requireNonNull(row.get(0, Long.class)))
          .getFirst();
    }
  }

  private static ConnectionFactory onArrival(
      ConnectionPool pool, Consumer<? super Connection> consumer) {
    return new ConnectionFactory() {
      @Override
      public Mono<Connection> create() {
        return pool.create().publishOn(Schedulers.boundedElastic()).doOnNext(consumer);
      }

      @Override
      public ConnectionFactoryMetadata getMetadata() {
        return pool.getMetadata();
      }
    };
  }

  private static ConnectionPool pool(Database database) {
    var connections =
        new PostgresqlConnectionFactory(
            PostgresqlConnectionConfiguration.builder()
                .host(database.host())
                .port(database.port())
                .database(database.name())
                .username(database.user())
                .password(database.password())
                .build());
    return new ConnectionPool(
        ConnectionPoolConfiguration.builder(connections).initialSize(0).maxSize(1).build());
  }
}
