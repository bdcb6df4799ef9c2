package dev.skreaver.benchmarks;

import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.json.WireJson;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * How long after a command's acknowledgement its event is in the read model, and at a WebSocket
 * subscriber, while commands arrive at a steady rate whatever the answers do.
 */
record CommitToReader(int commandsPerSecond, Duration warmUp, Duration measured) {
  private static final int AGENTS = 64;

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /**
   * The last run counts; those before it warm up, for as long as is said: a run is too short, and
   * scatters too much, to tell whether the next one would still be faster.
   */
  List<Figure> measure(Agents agents, AgentQueries queries, Edge edge, Figure limit) {
    long end = System.nanoTime() + warmUp.toNanos();
    Run last;
    do {
      last = run(agents, queries, edge);
    } while (System.nanoTime() - end < 0);
    return last.figures(limit);
  }

  private record Run(Latencies toReadModel, Latencies toWebSocket) {
    List<Figure> figures(Figure limit) {
      var figures = new ArrayList<>(toReadModel.figures("commit-to-read-model", limit));
      figures.addAll(toWebSocket.figures("commit-to-websocket", limit));
      return figures;
    }
  }

  private Run run(Agents agents, AgentQueries queries, Edge edge) {
    var toReadModel = new Latencies();
    var toWebSocket = new Latencies();
    var acknowledged = new ConcurrentHashMap<Long, Long>();
    var arrived = new ConcurrentHashMap<Long, Long>();
    int commands = Math.toIntExact(commandsPerSecond * measured.toSeconds());
    var fleet = new ArrayList<Agents.Toggled>();
    for (int i = 0; i < AGENTS; i++) {
      fleet.add(agents.new Toggled());
    }
    var subscribed = new CountDownLatch(1);
    WebSocket socket = edge.open(new Arrivals(subscribed, arrived));
    var done = new CountDownLatch(commands);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      socket.sendText("{\"type\":\"subscribe\",\"channels\":[\"agents\"]}", true).join();
      await(subscribed, "the subscription was not acknowledged");
      long begin = System.nanoTime();
      for (int i = 0; i < commands; i++) {
        Agents.Toggled agent = fleet.get(i % AGENTS);
        sleepUntil(begin + i * TimeUnit.SECONDS.toNanos(1) / commandsPerSecond);
        threads.execute(
            () -> {
              try {
                AgentCommands.Receipt receipt = agent.toggle();
                long commit = System.nanoTime();
                acknowledged.put(receipt.position(), commit);
                Agents.read(queries, agent.key(), receipt.position());
                toReadModel.add(System.nanoTime() - commit);
              } finally {
                done.countDown();
              }
            });
      }
      await(done, "commands are still unanswered");
    }
    long patience = System.nanoTime() + PATIENCE.toNanos();
    while (!arrived.keySet().containsAll(acknowledged.keySet()) && System.nanoTime() < patience) {
      sleepUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(10));
    }
    socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
    acknowledged.forEach(
        (position, commit) ->
            toWebSocket.add(
                Objects.requireNonNull(
                        arrived.get(position), () -> "position " + position + " never arrived")
                    - commit));
    if (toReadModel.count() != commands || toWebSocket.count() != commands) {
      throw new IllegalStateException(
          "of %d commands %d were read and %d arrived"
              .formatted(commands, toReadModel.count(), toWebSocket.count()));
    }
    return new Run(toReadModel, toWebSocket);
  }

  private static void await(CountDownLatch latch, String otherwise) {
    try {
      if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException(otherwise);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static void sleepUntil(long nanoTime) {
    try {
      TimeUnit.NANOSECONDS.sleep(nanoTime - System.nanoTime());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /** Notes when each position arrived. */
  private static final class Arrivals implements WebSocket.Listener {
    private final CountDownLatch subscribed;
    private final ConcurrentHashMap<Long, Long> arrived;
    private final StringBuilder text = new StringBuilder();

    private Arrivals(CountDownLatch subscribed, ConcurrentHashMap<Long, Long> arrived) {
      this.subscribed = subscribed;
      this.arrived = arrived;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        long now = System.nanoTime();
        JsonNode message = WireJson.mapper().readTree(text.toString());
        text.setLength(0);
        switch (message.path("type").asString("")) {
          case "success" -> subscribed.countDown();
          case "event" -> {
            if (message.path("position").isNumber()) {
              arrived.put(message.path("position").asLong(), now);
            }
          }
          default -> {}
        }
      }
      socket.request(1);
      return null;
    }
  }
}
