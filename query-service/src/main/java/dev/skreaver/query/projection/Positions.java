package dev.skreaver.query.projection;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How far every generation has come, in memory. */
final class Positions {
  private final Map<String, ServingPosition> serving = new ConcurrentHashMap<>();
  private final Map<Generation, Progress> progress = new ConcurrentHashMap<>();
  private volatile Consumer<Generation> listener = generation -> {};

  /** Told, from any thread, which generation this process has brought further. */
  void onOwnAdvance(Consumer<Generation> listener) {
    this.listener = listener;
  }

  /** Must be called once for each projection before anything else. */
  void register(String projection) {
    serving.putIfAbsent(projection, new ServingPosition());
  }

  /**
   * @throws Refusal {@code projection_not_found}
   */
  ServingPosition serving(String projection) {
    ServingPosition found = serving.get(projection);
    if (found == null) {
      throw new Refusal(
          ErrorCode.PROJECTION_NOT_FOUND,
          "There is no projection '%s'; there are %s"
              .formatted(Refusal.quote(projection), serving.keySet().stream().sorted().toList()));
    }
    return found;
  }

  Progress open(Generation generation, int segments) {
    return progress.computeIfAbsent(
        generation,
        opened ->
            new Progress(
                opened,
                segments,
                () -> serving(opened.projection()).advanced(),
                () -> listener.accept(opened)));
  }

  Set<Generation> open() {
    return progress.keySet();
  }

  void close(Generation generation) {
    progress.remove(generation);
  }

  @Nullable Progress find(Generation generation) {
    return progress.get(generation);
  }

  /** Of a generation that is open. */
  Progress get(Generation generation) {
    Progress found = progress.get(generation);
    if (found == null) {
      throw new IllegalStateException(generation + " is not open");
    }
    return found;
  }
}
