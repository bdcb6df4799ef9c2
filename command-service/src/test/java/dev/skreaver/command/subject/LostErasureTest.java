package dev.skreaver.command.subject;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.subject.SubjectErasure;
import dev.skreaver.api.subject.SubjectErasure.Erased;
import dev.skreaver.command.CommandService;
import dev.skreaver.command.FlakyNetwork;
import dev.skreaver.command.FlakyNetwork.Break;
import dev.skreaver.embedded.Database;
import dev.skreaver.embedded.PostgresServer;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** The database vanishes in the middle of an erasure, and comes back. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LostErasureTest {
  /** Sent by the first transaction of a connection that commits by itself, and by no append. */
  private static final String COMMIT = "COMMIT";

  private static final String DESTRUCTION = "destroy_subject_key";

  @Test
  void an_erasure_whose_answer_was_lost_was_carried_out_and_whoever_asks_again_hears_so()
      throws Exception {
    Lost lost = lost(COMMIT, Break.BEFORE_THE_ANSWER);

    assertUnknown(lost.refusal());
    assertThat(lost.again().repeated()).as("carried out the first time").isTrue();
  }

  @Test
  void an_erasure_whose_commit_never_arrived_is_carried_out_when_asked_for_again()
      throws Exception {
    Lost lost = lost(COMMIT, Break.BEFORE_THE_APPEND);

    assertUnknown(lost.refusal());
    assertThat(lost.again().repeated()).as("carried out the first time").isFalse();
  }

  @Test
  void an_erasure_that_was_lost_before_its_commit_certainly_changed_nothing() throws Exception {
    Lost lost = lost(DESTRUCTION, Break.BEFORE_THE_ANSWER);

    assertNothingChanged(lost.refusal());
    assertThat(lost.again().repeated()).as("carried out the first time").isFalse();
  }

  @Test
  void while_the_store_is_out_of_reach_an_erasure_certainly_changes_nothing() throws Exception {
    Lost lost = lost(DESTRUCTION, Break.BROKEN);

    assertNothingChanged(lost.refusal());
    assertThat(lost.again().repeated()).as("carried out the first time").isFalse();
  }

  /**
   * @param again the answer after the store came back
   */
  private record Lost(Refusal refusal, Erased again) {}

  private static Lost lost(String request, Break when) throws Exception {
    Database database = PostgresServer.shared().freshDatabase();
    try (var network = new FlakyNetwork(database, request);
        CommandService service = CommandService.on(network.database())) {
      service.send(CommandService.create("acme/of-ada"));
      network.breaks(when);
      Refusal refusal = catchThrowableOfType(Refusal.class, () -> erase(service));
      network.mend();
      Erased again =
          await()
              .atMost(Duration.ofSeconds(60))
              .ignoreExceptionsInstanceOf(Refusal.class)
              .until(() -> erase(service), Objects::nonNull);
      return new Lost(refusal, again);
    }
  }

  private static void assertUnknown(Refusal refusal) {
    assertThat(refusal.code()).isEqualTo(ErrorCode.EVENT_STORE_UNAVAILABLE);
    assertThat(refusal)
        .hasMessageContaining("not known whether it was carried out")
        .hasMessageContaining("ask for it again");
  }

  private static void assertNothingChanged(Refusal refusal) {
    assertThat(refusal.code()).isEqualTo(ErrorCode.EVENT_STORE_UNAVAILABLE);
    assertThat(refusal).hasMessageContaining("nothing was changed");
  }

  private static Erased erase(CommandService service) {
    var operator =
        new Caller(new TenantId("acme"), "operator", "jwt", "request-1", "correlation-1", null);
    var request = new SubjectErasure.Request(operator, "ada", "ticket 4711");
    return Objects.requireNonNull(service.bean(SubjectErasure.class).erase(request).block());
  }
}
