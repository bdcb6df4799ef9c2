package dev.skreaver.platform.web;

import dev.skreaver.api.error.Refusal;
import java.time.Clock;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Writes {@link Problem} documents for those who answer below or outside of the web framework. */
public final class ProblemWriter {
  private final JsonMapper json;
  private final Clock clock;

  ProblemWriter(JsonMapper json, Clock clock) {
    this.json = json;
    this.clock = clock;
  }

  /**
   * @param requestId drawn if there is none yet
   */
  public Problem problem(Refusal refusal, String path, @Nullable String requestId) {
    String id = requestId == null ? RequestIds.newId().toString() : requestId;
    return Problem.of(refusal, path, id, clock.instant());
  }

  /** The body of an answer of type {@code application/problem+json}. */
  public byte[] json(Problem problem) {
    return json.writeValueAsBytes(problem);
  }
}
