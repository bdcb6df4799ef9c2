package dev.skreaver.benchmarks;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.projection.ProjectionAdmin;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * How fast the agents' read model is built anew from the first event, from the request to the
 * moment when the new one serves. The events come in rounds over all agents: no two of one agent
 * are near each other, so that nothing is gained by taking them together. Replay and limit are
 * measured in turn, so that what the machine does besides hits both.
 */
record Replay(int fleet) {
  private static final String PROJECTION = "agent";
  private static final int CALLERS = 64;
  private static final int ROUNDS = 3;
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  List<Figure> measure(
      Agents agents, AgentQueries queries, ProjectionAdmin projections, PostgresLimits limits) {
    load(agents);
    agents.awaitReadModel(queries);
    ProjectionAdmin.Projection before = projection(projections);
    // The first two warm up.
    double _ = eventsPerSecond(projections);
    double _ = eventsPerSecond(projections);
    double inserted = 0;
    double replayed = 0;
    for (int round = 0; round < ROUNDS; round++) {
      inserted += limits.batchedInsertsPerSecond(before.segments(), fleet * 5) / ROUNDS;
      replayed += eventsPerSecond(projections) / ROUNDS;
    }
    Figure inserts = Figure.limit("postgres.batched-inserts", inserted, "1/s");
    return List.of(inserts, Figure.of("replay.agent", replayed, "1/s", inserts));
  }

  /** Five events of each agent. */
  private void load(Agents agents) {
    var keys = new ArrayList<AgentKey>();
    try (var callers = Executors.newFixedThreadPool(CALLERS, Thread.ofVirtual().factory())) {
      keys.addAll(all(callers, fleet, number -> agents.create()));
      all(
          callers,
          fleet,
          number ->
              agents.send(
                  new AgentCommand.Update(
                      keys.get(number),
                      Map.of("name", "agent " + number, "labels", Map.of("team", "bench")))));
      all(
          callers,
          fleet,
          number -> agents.send(new AgentCommand.Pause(keys.get(number), "benchmark")));
      all(callers, fleet, number -> agents.send(new AgentCommand.Resume(keys.get(number))));
    }
  }

  private interface Step<T> {
    T of(int number);
  }

  private static <T> List<T> all(ExecutorService callers, int count, Step<T> step) {
    var tasks = new ArrayList<Callable<T>>();
    for (int i = 0; i < count; i++) {
      int number = i;
      tasks.add(() -> step.of(number));
    }
    var results = new ArrayList<T>();
    try {
      for (Future<T> result : callers.invokeAll(tasks)) {
        results.add(result.get());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a command failed: " + e.getCause(), e.getCause());
    }
    return results;
  }

  private static double eventsPerSecond(ProjectionAdmin projections) {
    ProjectionAdmin.Projection before = projection(projections);
    long begin = System.nanoTime();
    projections.replay(PROJECTION, null).block(PATIENCE);
    while (projection(projections).generation() == before.generation()) {
      if (System.nanoTime() - begin > PATIENCE.toNanos()) {
        throw new IllegalStateException("the replay does not end");
      }
      sleep();
    }
    return before.head() * 1e9 / (System.nanoTime() - begin);
  }

  private static ProjectionAdmin.Projection projection(ProjectionAdmin projections) {
    return Objects.requireNonNull(
        projections
            .list()
            .filter(projection -> projection.name().equals(PROJECTION))
            .blockFirst(PATIENCE));
  }

  private static void sleep() {
    try {
      Thread.sleep(Duration.ofMillis(20));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
