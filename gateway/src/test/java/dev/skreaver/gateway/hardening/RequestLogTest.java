package dev.skreaver.gateway.hardening;

import static dev.skreaver.gateway.TestToken.good;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.skreaver.gateway.RunningGateway;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The line that each request leaves, in whichever form it is written. */
class RequestLogTest {
  private final RunningGateway gateway = RunningGateway.shared();
  private final Logger log = (Logger) LoggerFactory.getLogger("skreaver_http");
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

  @BeforeEach
  void listen() {
    lines.list = new CopyOnWriteArrayList<>();
    lines.start();
    log.addAppender(lines);
  }

  @AfterEach
  void stop() {
    log.detachAppender(lines);
  }

  private List<String> lineOf(String requestId) {
    return await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () ->
                lines.list.stream()
                    .map(ILoggingEvent::getKeyValuePairs)
                    .filter(pairs -> pairs.stream().anyMatch(pair -> requestId.equals(pair.value)))
                    .findFirst()
                    .map(pairs -> pairs.stream().map(String::valueOf).toList())
                    .orElse(List.of()),
            pairs -> !pairs.isEmpty());
  }

  @Test
  void a_request_for_an_agent_is_found_by_its_id() {
    gateway.send(gateway.as(good(), "/agents/walker").header("X-Request-ID", "for-walker"));

    assertThat(lineOf("for-walker")).contains("agent_id=\"walker\"");
  }

  @Test
  void what_is_no_agents_id_cannot_write_into_the_log() {
    gateway.send(
        gateway
            .as(good(), "/agents/a%22%20status=%22200%1b%5b2J%c2%85/status")
            .header("X-Request-ID", "forging"));

    assertThat(lineOf("forging"))
        .noneMatch(pair -> pair.startsWith("agent_id"))
        .allMatch(pair -> pair.chars().noneMatch(Character::isISOControl));
  }
}
