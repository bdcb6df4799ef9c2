package dev.skreaver.command.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.command.CommandService;
import dev.skreaver.embedded.PostgresServer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StoppedServiceTest {
  /** Whoever has an idempotency key waits for it, and the service for whoever waits. */
  @Test
  void a_command_that_is_to_be_tried_again_is_tried_before_the_service_ends() {
    var tried = new CompletableFuture<@Nullable Void>();
    try (CommandService service = CommandService.on(PostgresServer.shared().freshDatabase())) {
      ScheduledFuture<?> _ =
          service
              .bean("commandRetries", ScheduledExecutorService.class)
              .schedule(() -> tried.complete(null), 1, TimeUnit.SECONDS);
    }
    assertThat(tried).isDone();
  }
}
