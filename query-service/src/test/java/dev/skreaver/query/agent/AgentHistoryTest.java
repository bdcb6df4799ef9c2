package dev.skreaver.query.agent;

import static dev.skreaver.query.fixture.Lives.ACME;
import static dev.skreaver.query.fixture.Lives.agent;
import static dev.skreaver.query.fixture.Lives.created;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.embedded.Database;
import dev.skreaver.query.fixture.Stores;
import dev.skreaver.query.fixture.Stores.Stamp;
import dev.skreaver.query.tail.EventPages;
import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.springframework.r2dbc.core.DatabaseClient;

class AgentHistoryTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Stamp NOON = Stamp.at(Instant.parse("2026-03-01T12:00:00Z"));
  private static final int EVENTS = 4000;

  @Test
  void who_leaves_early_is_not_sent_the_rest() throws IOException {
    try (Stores stores = Stores.start();
        Wire wire = new Wire(stores.database())) {
      AgentKey agent = agent(ACME, "long");
      stores.append(agent, NOON, created(agent));
      for (int version = 1; version < EVENTS; version++) {
        stores.append(agent, NOON, new AgentEvent.Started(agent.id()));
      }
      ConnectionPool one = wire.onlyOneConnection();
      try {
        var client = DatabaseClient.create(one);
        var history =
            new AgentHistory(client, new EventPages(one, EventFormat.instance()), stores.texts());
        answered(client);
        long before = wire.sent();

        RecordedEvent first = history.of(agent, null, null).blockFirst(LONG);
        // On the same connection: all that still came is there before its answer.
        answered(client);
        long early = wire.sent() - before;

        assertThat(first).extracting(RecordedEvent::version).isEqualTo(0L);
        assertThat(history.of(agent, null, null).count().block(LONG)).isEqualTo(EVENTS);
        long whole = wire.sent() - before - early;
        assertThat(early).isLessThan(whole / 2);
      } finally {
        one.dispose();
      }
    }
  }

  private static void answered(DatabaseClient client) {
    client.sql("SELECT 1").fetch().rowsUpdated().block(LONG);
  }

  /** Counts what the database sends to a client. */
  private static final class Wire implements AutoCloseable {
    private final Database database;
    private final ServerSocket server;
    private final AtomicLong sent = new AtomicLong();

    Wire(Database database) throws IOException {
      this.database = database;
      this.server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      Thread.startVirtualThread(this::serve);
    }

    long sent() {
      return sent.get();
    }

    ConnectionPool onlyOneConnection() {
      var direct =
          new PostgresqlConnectionFactory(
              PostgresqlConnectionConfiguration.builder()
                  .host(server.getInetAddress().getHostAddress())
                  .port(server.getLocalPort())
                  .database(database.name())
                  .username(database.user())
                  .password(database.password())
                  .build());
      return new ConnectionPool(
          ConnectionPoolConfiguration.builder(direct).initialSize(0).maxSize(1).build());
    }

    private void serve() {
      try (Socket client = server.accept();
          Socket postgres = new Socket(database.host(), database.port())) {
        Thread.startVirtualThread(() -> copy(client, postgres, new AtomicLong()));
        copy(postgres, client, sent);
      } catch (IOException _) {
        // The test is over.
      }
    }

    private static void copy(Socket from, Socket to, AtomicLong count) {
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        var buffer = new byte[8192];
        for (int read; (read = in.read(buffer)) >= 0; ) {
          count.addAndGet(read);
          out.write(buffer, 0, read);
        }
      } catch (IOException _) {
        // The connection was closed.
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }
}
