package dev.skreaver.gateway.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.util.LinkedMultiValueMap;

class QueryBinderTest {
  private record Example(
      @Nullable String namePrefix,
      List<String> label,
      @Min(1) @Max(200) @Nullable Integer limit,
      @Nullable Long after,
      @Nullable Instant from,
      @Nullable Order order,
      @Nullable AgentId agent)
      implements FromQuery {}

  @Test
  void what_is_not_given_is_null_or_an_empty_list() {
    assertThat(bind(Map.of()))
        .isEqualTo(new Example(null, List.of(), null, null, null, null, null));
  }

  @Test
  void every_parameter_is_read_by_its_type() {
    assertThat(
            bind(
                Map.of(
                    "name_prefix", List.of("gre"),
                    "limit", List.of("200"),
                    "after", List.of("4711"),
                    "from", List.of("2026-01-31T09:00:00+01:00"),
                    "order", List.of("desc"),
                    "agent", List.of("echo-1"))))
        .isEqualTo(
            new Example(
                "gre",
                List.of(),
                200,
                4711L,
                Instant.parse("2026-01-31T08:00:00Z"),
                Order.DESC,
                new AgentId("echo-1")));
  }

  @Test
  void a_list_may_be_repeated_or_comma_separated() {
    assertThat(bind(Map.of("label", List.of("a:1,b:2", "c:3"))).label())
        .containsExactly("a:1", "b:2", "c:3");
  }

  @Test
  void an_unknown_parameter_is_refused_by_name() {
    refuses(Map.of("tenantId", List.of("x")), ErrorCode.UNKNOWN_FIELD, "tenantId");
  }

  @Test
  void a_repeated_parameter_is_refused_by_name() {
    refuses(Map.of("limit", List.of("1", "2")), ErrorCode.DUPLICATE_PARAMETER, "limit");
  }

  @Test
  void a_number_is_refused_outside_its_bounds_and_in_any_other_form() {
    for (String wrong :
        List.of("0", "-1", "201", "2147483648", "1e2", "7.0", "+7", " 7", "٧", "abc")) {
      refuses(Map.of("limit", List.of(wrong)), ErrorCode.INVALID_INPUT, "limit");
    }
    refuses(Map.of("after", List.of("9223372036854775808")), ErrorCode.INVALID_INPUT, "after");
  }

  @Test
  void a_time_is_refused_outside_of_what_clocks_can_mean() {
    for (String wrong :
        List.of(
            "+999999999-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-31",
            "now")) {
      refuses(Map.of("from", List.of(wrong)), ErrorCode.INVALID_INPUT, "from");
    }
  }

  @Test
  void text_is_refused_with_control_characters_or_beyond_its_length() {
    for (String wrong : List.of("a\u0000b", "a\nb", "a\u001bb", "\ufffd", "x".repeat(1025))) {
      refuses(Map.of("name_prefix", List.of(wrong)), ErrorCode.INVALID_INPUT, "name_prefix");
    }
  }

  @Test
  void an_empty_value_is_refused() {
    refuses(Map.of("name_prefix", List.of("")), ErrorCode.INVALID_INPUT, "name_prefix");
    refuses(Map.of("label", List.of("a:1,")), ErrorCode.INVALID_INPUT, "label");
  }

  @Test
  void a_type_of_the_published_language_refuses_for_itself() {
    refuses(Map.of("agent", List.of("../etc")), ErrorCode.INVALID_AGENT_ID, "agent");
  }

  private static Example bind(Map<String, List<String>> query) {
    var given = new LinkedMultiValueMap<String, String>();
    query.forEach(given::put);
    return new QueryBinder<>(Example.class).bind(given);
  }

  private static void refuses(Map<String, List<String>> query, ErrorCode code, String field) {
    assertThatThrownBy(() -> bind(query))
        .as(query.toString())
        .isInstanceOfSatisfying(
            Refusal.class,
            refusal -> {
              assertThat(refusal.code()).isEqualTo(code);
              assertThat(refusal.details()).containsEntry("field", field);
            });
  }
}
