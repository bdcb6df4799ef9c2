package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.standalone.Edge.Answer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Clients that create agents, pause and read them, and keep what was acknowledged. */
final class Traffic implements AutoCloseable {
  private static final int CLIENTS = 4;
  private static final int PATIENCE_SECONDS = 120;

  private final Edge edge;
  private final String prefix;
  private final ConcurrentSkipListMap<Long, String> acknowledged = new ConcurrentSkipListMap<>();
  private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final List<Thread> clients = new ArrayList<>();

  private Traffic(Edge edge, String prefix) {
    this.edge = edge;
    this.prefix = prefix;
    for (int client = 0; client < CLIENTS; client++) {
      int number = client;
      clients.add(Thread.ofPlatform().name("client-" + client).start(() -> work(number)));
    }
  }

  static Traffic on(Edge edge, String prefix) {
    return new Traffic(edge, prefix);
  }

  private void work(int client) {
    try {
      for (int i = 0; !stopped.get(); i++) {
        String agent = "%s-%d-%d".formatted(prefix, client, i);
        long created = command(201, agent, edge.create(agent));
        command(200, agent, edge.pause(agent));
        Answer read = edge.getNotBefore("/agents/" + agent, created);
        if (read.status() != 200) {
          failures.add("query: " + read);
        }
      }
    } catch (IOException e) {
      failures.add(e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private long command(int expected, String agent, Answer answer) {
    if (answer.status() == expected) {
      acknowledged.put(answer.position(), agent);
    } else {
      failures.add("command: " + answer);
    }
    return answer.position();
  }

  /** Position to agent, of every command that was answered as done. */
  NavigableMap<Long, String> acknowledged() {
    return acknowledged;
  }

  /** Whatever was not answered as it should be. */
  List<String> failures() {
    return List.copyOf(failures);
  }

  /** Waits until this many more commands have been acknowledged. */
  void awaitMore(int commands) throws InterruptedException {
    int goal = acknowledged.size() + commands;
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (acknowledged.size() < goal) {
      assertThat(System.nanoTime())
          .as("%d acknowledged of %d; %s", acknowledged.size(), goal, failures)
          .isLessThan(limit);
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  /** Waits until every client has its last answer. */
  void stop() throws InterruptedException {
    stopped.set(true);
    for (Thread client : clients) {
      client.join();
    }
  }

  @Override
  public void close() {
    stopped.set(true);
  }
}
