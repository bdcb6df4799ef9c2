package dev.skreaver.query.projection;

import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How far every generation has come, in memory. What was known before {@link #forget} counts no
 * more: the epoch in which something was read or written goes with it.
 */
final class Positions {
  private final Map<String, ServingPosition> serving = new ConcurrentHashMap<>();
  private final Map<Generation, Progress> progress = new ConcurrentHashMap<>();
  private volatile int epoch;
  private volatile Consumer<Generation> listener = generation -> {};

  /** Told, from any thread, which generation this process has brought further. */
  void onOwnAdvance(Consumer<Generation> listener) {
    this.listener = listener;
  }

  int epoch() {
    return epoch;
  }

  /**
   * To be called when the database may have gone back, before anyone can read of it again: the last
   * commits of the read models do not survive its crash.
   */
  synchronized void forget() {
    epoch++;
    progress.values().forEach(generation -> generation.forget(epoch));
    serving.values().forEach(ServingPosition::forget);
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

  synchronized Progress open(Generation generation, int segments) {
    return progress.computeIfAbsent(
        generation,
        opened ->
            new Progress(
                opened,
                segments,
                epoch,
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
