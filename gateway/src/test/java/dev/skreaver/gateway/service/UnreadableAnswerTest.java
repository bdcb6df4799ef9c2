package dev.skreaver.gateway.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.gateway.RunningGateway;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A command service that speaks as no service of this release does. */
class UnreadableAnswerTest {
  private static final String PAUSE = "{\"reason\":\"lunch\"}";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"agent\":{\"agent_id\":\"a\",\"status\":\"of a newer release\"},\"position\":7}",
        "{\"agent\":{\"agent_id\":\"a\",\"version\":\"x\"},\"position\":7}",
        "no JSON"
      })
  void an_answer_that_cannot_be_read_is_no_fault_of_the_client(String unreadable) {
    try (var service = CommandStandIn.onFreePort();
        var gateway = new RunningGateway("SKREAVER_COMMAND_URL=" + service.address())) {
      service.answer(unreadable);

      var answer = gateway.post("/agents/a/pause", PAUSE);

      assertThat(answer.status()).as("%s", answer.json()).isEqualTo(500);
      assertThat(answer.error()).isEqualTo("internal_error");
    }
  }
}
