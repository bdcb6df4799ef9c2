package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.standalone.Edge.Answer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job, and a {@code kill -9} in the middle of it. */
class KilledIT {
  @TempDir Path folder;

  @Test
  void what_was_acknowledged_is_there_after_a_kill_and_a_listener_resumes_without_gap_or_repeat()
      throws Exception {
    Path data = folder.resolve("data");
    var heard = new ArrayList<Long>();
    Map<Long, String> acknowledged;
    List<ProcessHandle> before;

    try (Instance instance = Instance.start(data);
        Listener listener = instance.edge().listen(0)) {
      Answer created = instance.edge().create("first");
      assertThat(created.status()).as("%s", created).isEqualTo(201);
      listener.await(created.position());
      Answer read = instance.edge().getNotBefore("/agents/first", created.position());
      assertThat(read.status()).as("%s", read).isEqualTo(200);
      assertThat(read.body().path("agent_id").asString()).isEqualTo("first");

      try (Traffic traffic = Traffic.on(instance.edge(), "t")) {
        traffic.awaitMore(200);
        before = instance.processes();
        instance.program().kill();
        traffic.stop();
        acknowledged = traffic.acknowledged();
      }
      assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(200);
      heard.addAll(listener.positions());
      assertThat(listener.gaps()).isEmpty();
    }
    assertThat(before).as("JVM, PostgreSQL and Redis").hasSizeGreaterThanOrEqualTo(3);

    try (Instance instance = Instance.start(data)) {
      assertThat(before).noneMatch(Instance::runs);

      long head = instance.edge().create("last").position();
      List<Long> stored = instance.edge().positions(head);
      assertThat(stored).containsAll(acknowledged.keySet());
      for (String agent : new HashSet<>(acknowledged.values())) {
        Answer read = instance.edge().getNotBefore("/agents/" + agent, head);
        assertThat(read.status()).as("%s %s", agent, read).isEqualTo(200);
      }

      try (Listener listener = instance.edge().listen(heard.getLast())) {
        listener.await(head);
        heard.addAll(listener.positions());
        assertThat(listener.gaps()).isEmpty();
      }
      assertThat(heard).isEqualTo(stored);

      instance.program().terminate();
      assertThat(instance.processes()).isEmpty();
    }
  }
}
