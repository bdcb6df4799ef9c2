package dev.skreaver.benchmarks;

import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.embedded.Database;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/**
 * Whether a store of a million events is as fast as one of ten thousand, and an agent with a long
 * history as one with a short one. Small and large are measured in turn, so that what the machine
 * does besides hits both.
 */
final class Growth {
  private static final int SMALL = 10_000;
  private static final int LARGE = 1_000_000;
  private static final int LONG_LIFE = 100_000;
  private static final int ROUNDS = 3;
  private static final int READERS = 4;

  private final Database server;
  private final Load warmUp;
  private final Load writes;
  private final Load reads;

  Growth(Database server, Load load) {
    this.server = server;
    this.warmUp = load;
    Duration window = load.window().dividedBy(2);
    this.writes = new Load(load.callers(), window, window);
    this.reads = new Load(READERS, window, window);
  }

  void measure(Consumer<Figure> figures) {
    var appends = new double[2];
    var loads = new double[2];
    try (var large = new GrownStore(server, LARGE)) {
      appends(large, warmUp);
      for (int round = 0; round < ROUNDS; round++) {
        try (var small = new GrownStore(server, SMALL)) {
          appends[0] += appends(small, writes) / ROUNDS;
          appends[1] += appends(large, writes) / ROUNDS;
          loads[0] += loads(small) / ROUNDS;
          loads[1] += loads(large) / ROUNDS;
        }
      }
      compare("growth.append.at-10k-events", "growth.append.at-1m-events", appends, figures);
      compare("growth.load.at-10k-events", "growth.load.at-1m-events", loads, figures);
      compare(
          "growth.load.of-100-events", "growth.load.of-100k-events", longAndShort(large), figures);
    }
  }

  private static void compare(
      String small, String large, double[] rates, Consumer<Figure> figures) {
    Figure limit = Figure.limit(small, rates[0], "1/s");
    figures.accept(limit);
    figures.accept(Figure.of(large, rates[1], "1/s", limit));
  }

  private static double appends(GrownStore store, Load load) {
    Agents agents = store.agents();
    return load.perSecond(number -> agents.pausingAndResuming());
  }

  private double loads(GrownStore store) {
    return reads.perSecond(
        number -> () -> store.load(store.agent(ThreadLocalRandom.current().nextInt(store.size()))));
  }

  private double[] longAndShort(GrownStore store) {
    AgentKey old = store.agentWithLongLife(LONG_LIFE);
    return new double[] {
      reads.perSecond(number -> () -> store.load(store.agent(0))),
      reads.perSecond(number -> () -> store.load(old))
    };
  }
}
