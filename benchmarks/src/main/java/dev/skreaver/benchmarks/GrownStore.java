package dev.skreaver.benchmarks;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentEvent;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.command.CommandServiceApplication;
import dev.skreaver.command.store.PostgresEventStorageEngine;
import dev.skreaver.embedded.Database;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.GenericDomainEventMessage;
import org.axonframework.eventsourcing.eventstore.EventStore;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * A command service on a database of its own, filled with agents of a hundred events each by the
 * store's own append.
 */
final class GrownStore implements AutoCloseable {
  private static final int EVENTS_OF_AGENT = 100;
  private static final int LOADERS = 16;

  /** As many as the default settings let there be at most. */
  private static final int EVENTS_SINCE_SNAPSHOT = 99;

  private static final int AT_ONCE = 10_000;

  private final Database server;
  private final Database database;
  private final int size;
  private final ConfigurableApplicationContext service;
  private final PostgresEventStorageEngine engine;

  GrownStore(Database server, int events) {
    this.server = server;
    this.size = events / EVENTS_OF_AGENT;
    String name = "growth_" + UUID.randomUUID().toString().replace("-", "");
    database = new Database(server.host(), server.port(), name, server.user(), server.password());
    execute(server, "CREATE DATABASE " + name);
    service =
        CommandServiceApplication.application()
            .web(WebApplicationType.NONE)
            .registerShutdownHook(false)
            .run(
                "--EVENT_STORE_DATABASE_URL=" + database.url(),
                "--SKREAVER_MESH_ENABLED=false",
                "--spring.autoconfigure.exclude="
                    + "org.springframework.boot.r2dbc.autoconfigure.R2dbcAutoConfiguration");
    engine = service.getBean(PostgresEventStorageEngine.class);
    fill();
    execute(database, "VACUUM ANALYZE");
    execute(server, "CHECKPOINT");
  }

  private void fill() {
    var loaders = new ArrayList<Future<?>>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int loader = 0; loader < LOADERS; loader++) {
        int first = loader;
        loaders.add(
            threads.submit(
                () -> {
                  for (int number = first; number < size; number += LOADERS) {
                    engine.appendEvents(life(agent(number), 0, EVENTS_OF_AGENT));
                  }
                }));
      }
      for (Future<?> loader : loaders) {
        loader.get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("the store could not be filled: " + e.getCause(), e);
    }
  }

  /** How many agents it was filled with. */
  int size() {
    return size;
  }

  /** One that it was filled with. */
  AgentKey agent(int number) {
    return key("grown-" + number);
  }

  Agents agents() {
    return new Agents(service.getBean(AgentCommands.class));
  }

  /** Reads what an agent is made of, as a command on one that is not in memory does. */
  void load(AgentKey agent) {
    if (service.getBean(EventStore.class).readEvents(agent.toString()).asStream().count() == 0) {
      throw new IllegalStateException(agent + " has no events");
    }
  }

  /** An agent of so many events, with as many of them behind its snapshot as there can be. */
  AgentKey agentWithLongLife(int events) {
    AgentKey agent = key("long-life");
    int snapshot = events - EVENTS_SINCE_SNAPSHOT - 1;
    for (int from = 0; from < snapshot; from += AT_ONCE) {
      engine.appendEvents(life(agent, from, Math.min(snapshot, from + AT_ONCE)));
    }
    agents().send(new AgentCommand.Update(agent, Map.of("name", "with a snapshot")));
    awaitSnapshots();
    engine.appendEvents(life(agent, snapshot + 1, events));
    return agent;
  }

  private static AgentKey key(String agent) {
    return new AgentKey(Agents.TENANT, new AgentId(agent));
  }

  /** The events from one version to before another. */
  private static List<DomainEventMessage<AgentEvent>> life(AgentKey agent, int from, int to) {
    return LongStream.range(from, to)
        .<DomainEventMessage<AgentEvent>>mapToObj(
            version ->
                new GenericDomainEventMessage<>(
                    "agent",
                    agent.toString(),
                    version,
                    event(agent.id(), version),
                    Map.of(
                        "tenant", agent.tenant().value(),
                        "subject", "benchmark",
                        "authentication", "none")))
        .toList();
  }

  private static AgentEvent event(AgentId agent, long version) {
    if (version == 0) {
      var type = AgentType.BuiltIn.ECHO;
      return new AgentEvent.Created(
          agent,
          "benchmark",
          new AgentSpec(type, null, Map.of(), Map.of(), AgentLimits.defaultsFor(type)));
    }
    if (version == 1) {
      return new AgentEvent.Started(agent);
    }
    return version % 2 == 0
        ? new AgentEvent.Paused(agent, "benchmark")
        : new AgentEvent.Resumed(agent);
  }

  /** Until the newest snapshot is of the newest event. */
  private void awaitSnapshots() {
    try (Connection connection = connect(database);
        PreparedStatement statement =
            connection.prepareStatement(
                "SELECT (SELECT max(position) FROM event_store.snapshot)"
                    + " = (SELECT max(position) FROM event_store.event)")) {
      for (boolean taken = false; !taken; ) {
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          taken = row.getBoolean(1);
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void execute(Database database, String sql) {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Connection connect(Database database) throws SQLException {
    return DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password());
  }

  @Override
  public void close() {
    service.close();
    execute(server, "DROP DATABASE " + database.name() + " WITH (FORCE)");
  }
}
