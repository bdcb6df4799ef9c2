package dev.skreaver.gateway.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.gateway.RunningGateway;
import dev.skreaver.gateway.RunningGateway.Answer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A command service that takes commands and dies before it answers. */
class LostAnswerTest {
  private static final String CREATE = "{\"agent_id\":\"a\",\"spec\":{\"agent_type\":\"echo\"}}";

  @Test
  void a_command_that_was_sent_is_not_sent_again_and_may_have_been_carried_out()
      throws IOException {
    var received = new AtomicInteger();
    var reset = new AtomicBoolean();
    try (var service = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> takeAndDie(service, reset, received));
      try (var gateway =
          new RunningGateway("SKREAVER_COMMAND_URL=http://127.0.0.1:" + service.getLocalPort())) {
        assertUnknown(gateway.post("/agents", CREATE));
        assertThat(received).as("when the connection is closed").hasValue(1);

        reset.set(true);
        assertUnknown(gateway.post("/agents", CREATE));
        assertThat(received).as("when the connection is reset").hasValue(2);
      }
    }
  }

  private static void assertUnknown(Answer answer) {
    assertThat(answer.status()).as("%s", answer.json()).isEqualTo(503);
    assertThat(answer.json().path("message").asString())
        .contains("may have been carried out", "Idempotency-Key");
  }

  private static void takeAndDie(
      ServerSocket service, AtomicBoolean reset, AtomicInteger received) {
    while (true) {
      try (Socket connection = service.accept()) {
        if (takes(connection.getInputStream())) {
          received.incrementAndGet();
        }
        if (reset.get()) {
          connection.setSoLinger(true, 0);
        }
      } catch (IOException closed) {
        return;
      }
    }
  }

  /** Reads to the end of the command, which is the end of its JSON. */
  private static boolean takes(InputStream request) throws IOException {
    var read = new StringBuilder();
    for (int next = request.read(); next >= 0; next = request.read()) {
      read.append((char) next);
      if (read.indexOf("POST /internal/agents/commands") == 0
          && next == '}'
          && request.available() == 0) {
        return true;
      }
    }
    return false;
  }
}
