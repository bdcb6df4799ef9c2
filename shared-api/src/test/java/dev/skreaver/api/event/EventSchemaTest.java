package dev.skreaver.api.event;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentType;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class EventSchemaTest {
  private enum Colour {
    RED,
    BLUE
  }

  private enum MoreColours {
    RED,
    BLUE,
    GREEN
  }

  private record Inner(int depth) {}

  private record OtherInner(long depth) {}

  private record Released(String firstName, @Nullable String note, Inner inner, Colour colour) {}

  private record Renamed(String name, @Nullable String note, Inner inner, Colour colour) {}

  private record OtherType(int firstName, @Nullable String note, Inner inner, Colour colour) {}

  private record OtherNullability(String firstName, String note, Inner inner, Colour colour) {}

  private record OtherNested(
      String firstName, @Nullable String note, OtherInner inner, Colour colour) {}

  private record OtherEnum(
      String firstName, @Nullable String note, Inner inner, MoreColours colour) {}

  private record OneMore(
      String firstName, @Nullable String note, Inner inner, Colour colour, boolean more) {}

  private record OneLess(String firstName, @Nullable String note, Inner inner) {}

  private record EveryKind(
      AgentId agentId,
      AgentType type,
      AgentLimits limits,
      Map<String, Object> config,
      List<String> list) {}

  @Test
  void every_change_of_a_member_is_a_change_of_the_schema() {
    List<Class<?>> changes =
        List.of(
            Renamed.class,
            OtherType.class,
            OtherNullability.class,
            OtherNested.class,
            OtherEnum.class,
            OneMore.class,
            OneLess.class);
    assertThat(changes)
        .allSatisfy(
            change ->
                assertThat(EventSchema.members(change))
                    .isNotEqualTo(EventSchema.members(Released.class)));
  }

  @Test
  void a_schema_says_what_is_on_the_wire() {
    assertThat(EventSchema.members(Released.class).toString())
        .isEqualTo(
            """
            {"first_name":"string","note?":"string","inner":{"depth":"int32"},\
            "colour":["RED","BLUE"]}\
            """);
    assertThat(EventSchema.members(EveryKind.class).toString())
        .isEqualTo(
            """
            {"agent_id":"string",\
            "type":{"one of":[["echo","advanced","analytics"],"string"]},\
            "limits":{"max_memory_mb":"int32","max_observation_size_kb":"int32",\
            "max_concurrent_tools":"int32","execution_timeout_secs":"int32"},\
            "config":{"map of":"any"},"list":{"list of":"string"}}\
            """);
  }
}
