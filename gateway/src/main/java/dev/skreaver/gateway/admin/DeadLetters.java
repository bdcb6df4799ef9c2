package dev.skreaver.gateway.admin;

import dev.skreaver.api.projection.ProjectionAdmin.DeadLetter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of {@code GET /admin/dead-letters}, newest first.
 *
 * @param next give it as {@code before} for the page that follows; absent on the last
 */
record DeadLetters(List<DeadLetter> deadLetters, @Nullable Long next) {

  static DeadLetters of(List<DeadLetter> letters, int limit) {
    return new DeadLetters(letters, letters.size() < limit ? null : letters.getLast().id());
  }
}
