package dev.skreaver.api.projection;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the query service offers to operators. */
@HttpExchange("/internal/projections")
public interface ProjectionAdmin {
  @GetExchange
  Flux<Projection> list();

  /**
   * Starts to build the projection anew beside the one that serves, from the first event, and
   * switches to it when it has caught up. {@code replay_in_progress} while one is under way, {@code
   * projection_not_found} for an unknown name.
   *
   * @param eventsPerSecond how fast at most; null for what is set for this service
   */
  @PostExchange("/{name}/replay")
  Mono<Projection> replay(
      @PathVariable("name") String name,
      @RequestParam(name = "events_per_second", required = false)
          @Nullable Integer eventsPerSecond);

  /** Lets a replay wait, across restarts, until it is resumed. {@code replay_not_found}. */
  @PostExchange("/{name}/replay/pause")
  Mono<Projection> pauseReplay(@PathVariable("name") String name);

  /**
   * Lets a replay go on. {@code replay_not_found}.
   *
   * @param eventsPerSecond how fast at most from now on; null to leave that as it is
   */
  @PostExchange("/{name}/replay/resume")
  Mono<Projection> resumeReplay(
      @PathVariable("name") String name,
      @RequestParam(name = "events_per_second", required = false)
          @Nullable Integer eventsPerSecond);

  /** Newest first; {@code before} is a dead letter's id from the page before. */
  @GetExchange("/dead-letters")
  Flux<DeadLetter> deadLetters(
      @RequestParam(name = "before", required = false) @Nullable Long before,
      @RequestParam("limit") int limit);

  /**
   * Handles again, in order, the dead letter and those of the same sequence that wait before it.
   * {@code dead_letter_not_found} for an unknown id.
   */
  @PostExchange("/dead-letters/{id}/retry")
  Mono<Retry> retry(@PathVariable("id") long id);

  /**
   * @param version of its tables, as the release that answers has them
   * @param generation counts the times that it was built
   * @param position all events up to here are in the read model
   * @param head the event store's last position
   * @param lag how many events it is behind
   * @param segments that it is handled in, in parallel
   * @param status {@code live}; {@code stalled} with the reason in {@code error}; or {@code
   *     building} while the first generation of this version is not complete
   * @param replay null unless a newer generation is being built
   */
  record Projection(
      String name,
      int version,
      int generation,
      String status,
      long position,
      long head,
      long lag,
      int segments,
      long deadLetters,
      @Nullable String error,
      @Nullable Replay replay) {}

  /**
   * @param progress 0 to 1
   * @param eventsPerSecond of late; 0 until known
   * @param paused whether it waits to be resumed
   * @param limit how many events per second it may handle; null for as many as it can
   * @param secondsLeft null until it can be estimated, and while it is paused
   */
  record Replay(
      int generation,
      long position,
      double progress,
      double eventsPerSecond,
      boolean paused,
      @Nullable Integer limit,
      @Nullable Long secondsLeft,
      Instant startedAt) {}

  /**
   * @param sequence the events that must stay in order behind this one: the agent, as {@code
   *     tenant/agent}
   */
  record DeadLetter(
      long id,
      String projection,
      int generation,
      String sequence,
      long position,
      String eventType,
      String cause,
      Instant enqueuedAt) {}

  /**
   * @param handled how many letters were handled and removed
   * @param remaining how many of the sequence still wait, behind one that failed again
   */
  record Retry(int handled, int remaining, @Nullable String cause) {}
}
