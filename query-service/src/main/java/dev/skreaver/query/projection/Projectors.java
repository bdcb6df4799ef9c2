package dev.skreaver.query.projection;

import dev.skreaver.query.tail.EventTail;
import io.r2dbc.spi.ConnectionFactory;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The projectors that run in this instance, one for each generation that is live or built. */
final class Projectors {
  private final EventTail tail;
  private final Positions positions;
  private final ConnectionFactory readModel;
  private final ConnectionFactory dedicated;
  private final Instances instances;
  private final String instance;
  private final Map<Generation, Projector> running = new ConcurrentHashMap<>();

  Projectors(
      EventTail tail,
      Positions positions,
      ConnectionFactory readModel,
      ConnectionFactory dedicated,
      Instances instances,
      String instance) {
    this.tail = tail;
    this.positions = positions;
    this.readModel = readModel;
    this.dedicated = dedicated;
    this.instances = instances;
    this.instance = instance;
  }

  Set<Generation> running() {
    return Set.copyOf(running.keySet());
  }

  /**
   * @param rebuild null if it serves
   */
  void start(
      Projection<?> projection,
      Progress progress,
      BatchWriter<?> writer,
      @Nullable Rebuild rebuild) {
    Generation generation = progress.generation();
    var projector =
        new Projector(
            tail,
            positions,
            progress,
            writer,
            rebuild,
            new SegmentTokens(readModel, generation, instance),
            readModel,
            dedicated,
            () -> instances.share(projection, progress.segments()));
    running.put(generation, projector);
    projector.start();
  }

  /** Sets the pace of a generation that is being built. */
  void pace(Generation generation, Rebuild.Pace pace) {
    Projector projector = running.get(generation);
    if (projector != null && projector.rebuild() != null) {
      projector.rebuild().pace(pace);
    }
  }

  /** Ends what there was to be built of a generation. */
  void serves(Generation generation) {
    Projector projector = running.get(generation);
    if (projector != null && projector.rebuild() != null) {
      projector.rebuild().end();
    }
  }

  void stop(Generation generation) {
    Projector stopped = running.remove(generation);
    if (stopped != null) {
      stopped.close();
    }
  }
}
