package dev.skreaver.api.personal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.event.RecordedEvent.Actor;
import dev.skreaver.api.json.WireJson;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SealedTextTest {
  private static final SubjectKey KEY = SubjectKey.random(new SecureRandom());
  private static final SubjectKey OTHER = SubjectKey.random(new SecureRandom());

  @ParameterizedTest
  @ValueSource(strings = {"", "ada", "größer\n\u0000 𝄞", "enc:v1:t:0123456789abcdef:again"})
  void a_sealed_text_is_opened_by_its_key_and_says_nothing_without(String text) {
    String sealed = SealedText.of(KEY, text);

    assertThat(sealed).matches("enc:v1:t:[0-9a-f]{16}:[A-Za-z0-9_-]+");
    assertThat(ring(KEY, OTHER).open(sealed)).isEqualTo(text);
    assertThat(ring(OTHER).open(sealed)).isEqualTo(sealed);
    assertThat(SealedText.of(KEY, text)).as("sealed again").isNotEqualTo(sealed);
  }

  @Test
  void without_its_key_a_name_is_a_pseudonym_and_a_text_is_gone() {
    String name = SealedText.ofSubject(KEY, "ada");
    String text = SealedText.of(KEY, "lunch");
    var destroyed = new SubjectKey(KEY.id(), null);

    assertThat(ring(destroyed).open(name)).isEqualTo("erased:" + KEY.id());
    assertThat(SealedText.pseudonym(name)).isEqualTo("erased:" + KEY.id());
    assertThat(SubjectKey.idOf("erased:" + KEY.id())).isEqualTo(KEY.id());
    assertThat(ring(destroyed).open(text)).isEqualTo("[erased]");
    assertThatThrownBy(() -> SealedText.of(destroyed, "more")).hasMessageContaining("destroyed");
  }

  @Test
  void a_text_that_was_changed_is_not_opened() {
    String sealed = SealedText.of(KEY, "lunch");
    char last = sealed.charAt(sealed.length() - 2) == 'A' ? 'B' : 'A';
    String changed =
        sealed.substring(0, sealed.length() - 2) + last + sealed.substring(sealed.length() - 1);

    assertThat(ring(KEY).open(changed)).isEqualTo(changed);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "ada",
        "enc:v1:",
        "enc:v1:t:0123456789abcdef:short",
        "enc:v1:x:0123456789abcdef:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "enc:v1:t:0123456789ABCDEF:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "enc:v2:t:0123456789abcdef:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      })
  void any_other_text_is_not_sealed(String text) {
    assertThat(SealedText.parse(text)).isNull();
    assertThat(ring(KEY).open(text)).isEqualTo(text);
  }

  @Test
  void a_sealed_text_that_was_put_where_none_belongs_stays_sealed() {
    String stolen = SealedText.of(KEY, "a secret of somebody else");
    String created =
        """
        {"agent_id":"a","owner":"%s","spec":{"name":"%s","labels":{"reason":"%2$s"}}}
        """
            .formatted(SealedText.ofSubject(KEY, "ada"), stolen);

    RecordedEvent event = event("agent.created", created);
    RecordedEvent shown = ring(KEY).open(event);

    assertThat(KeyRing.idsIn(List.of(event))).containsExactly(KEY.id());
    assertThat(shown.data().path("owner").asString()).isEqualTo("ada");
    assertThat(shown.data().at("/spec/name").asString()).isEqualTo(stolen);
    assertThat(shown.data().at("/spec/labels/reason").asString()).isEqualTo(stolen);
    assertThat(ring(KEY).open(event("agent.resumed", "{\"reason\":\"" + stolen + "\"}")).data())
        .hasToString("{\"reason\":\"" + stolen + "\"}");
  }

  private static RecordedEvent event(String type, String data) {
    return new RecordedEvent(
        1,
        0L,
        new UUID(1, 1),
        type,
        1,
        new TenantId("acme"),
        new AgentId("a"),
        0,
        Instant.EPOCH,
        new Actor(SealedText.ofSubject(KEY, "ada"), "jwt"),
        null,
        null,
        null,
        null,
        null,
        null,
        Objects.requireNonNull(WireJson.mapper().readTree(data)));
  }

  private static KeyRing ring(SubjectKey... keys) {
    return new KeyRing(
        List.of(keys).stream().collect(Collectors.toMap(SubjectKey::id, key -> key)));
  }
}
