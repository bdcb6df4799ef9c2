package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Redis is disposable: whatever it loses, nobody misses an event and nothing else fails. */
class RedisLossIT {
  @TempDir Path folder;

  @Test
  void wiping_redis_under_traffic_loses_no_event_and_fails_no_request() throws Exception {
    try (Instance instance = Instance.start(folder.resolve("data"));
        var listener = new Resuming(instance.edge());
        Traffic traffic = Traffic.on(instance.edge(), "wiped")) {
      for (int round = 0; round < 5; round++) {
        traffic.awaitMore(100);
        assertThat(tellRedis(instance, "FLUSHALL")).isEqualTo("+OK");
      }
      traffic.awaitMore(100);
      traffic.stop();

      assertThat(traffic.failures()).isEmpty();
      listener.assertThatItHeardEverything();
    }
  }

  @Test
  void a_redis_that_is_gone_for_a_while_loses_no_event_and_fails_no_request() throws Exception {
    try (Instance instance = Instance.start(folder.resolve("data"));
        var listener = new Resuming(instance.edge());
        Traffic traffic = Traffic.on(instance.edge(), "gone")) {
      traffic.awaitMore(100);
      ProcessHandle redis = instance.server("redis-server").orElseThrow();
      Path configuration = instance.data().resolve("redis/redis.conf").toRealPath();
      String program = redis.info().command().orElseThrow();
      redis.destroyForcibly();
      await().atMost(Duration.ofMinutes(1)).until(() -> !Instance.runs(redis));

      traffic.awaitMore(200);
      long withoutRedis = instance.edge().create("without-redis").position();
      listener.await(withoutRedis);

      assertThat(new ProcessBuilder(program, configuration.toString()).start().waitFor()).isZero();
      traffic.awaitMore(200);
      traffic.stop();

      assertThat(traffic.failures()).isEmpty();
      listener.assertThatItHeardEverything();
    }
  }

  /** A client that does as it is told: it resumes after its last position when it is cut off. */
  private static final class Resuming implements AutoCloseable {
    private final Edge edge;
    private final List<Long> heard = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private Listener listener;

    Resuming(Edge edge) {
      this.edge = edge;
      this.listener = edge.listen(0);
    }

    void await(long position) throws InterruptedException {
      while (listener.last(-1) < position) {
        if (listener.isOver()) {
          keep();
          listener = edge.listen(heard.isEmpty() ? 0 : heard.getLast());
        }
        listener.awaitUnlessOver(position);
      }
    }

    private void keep() {
      heard.addAll(listener.positions());
      problems.addAll(listener.gaps());
    }

    void assertThatItHeardEverything() throws IOException, InterruptedException {
      long head = edge.create("the-last-one").position();
      await(head);
      keep();
      assertThat(problems).isEmpty();
      assertThat(heard).isEqualTo(edge.positions(head));
    }

    @Override
    public void close() {
      listener.close();
    }
  }

  private static String tellRedis(Instance instance, String command) throws IOException {
    String configuration = Files.readString(instance.data().resolve("redis/redis.conf"));
    int port = Integer.parseInt(setting(configuration, "port"));
    try (var socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port)) {
      socket
          .getOutputStream()
          .write(
              "AUTH %s\r\n%s\r\n"
                  .formatted(setting(configuration, "requirepass"), command)
                  .getBytes(StandardCharsets.UTF_8));
      var answers =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      assertThat(answers.readLine()).isEqualTo("+OK");
      return answers.readLine();
    }
  }

  private static String setting(String configuration, String name) {
    var line = Pattern.compile("(?m)^" + name + " (.*)$").matcher(configuration);
    assertThat(line.find()).as(name).isTrue();
    return line.group(1);
  }
}
