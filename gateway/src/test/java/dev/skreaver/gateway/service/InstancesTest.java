package dev.skreaver.gateway.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which of several instances a command goes to. */
class InstancesTest {
  private static final List<URI> FIVE =
      IntStream.rangeClosed(1, 5)
          .mapToObj(i -> URI.create("http://command-" + i + ":8081"))
          .toList();
  private static final List<String> KEYS =
      IntStream.range(0, 20_000).mapToObj(i -> "tenant-%d/agent-%d".formatted(i % 7, i)).toList();

  private final Instances instances = new Instances(FIVE);

  @Test
  void agents_are_spread_evenly() {
    var counts = new HashMap<URI, Integer>();
    first().values().forEach(address -> counts.merge(address, 1, Integer::sum));

    assertThat(counts).hasSize(5);
    assertThat(counts.values()).allMatch(count -> count > 3_700 && count < 4_300);
  }

  @Test
  void every_gateway_comes_to_the_same_choice_whatever_the_order_of_its_list() {
    var other = new Instances(FIVE.reversed());
    assertThat(KEYS)
        .allSatisfy(
            key ->
                assertThat(other.choices(key))
                    .extracting(Instance::address)
                    .isEqualTo(instances.choices(key).stream().map(Instance::address).toList()));
  }

  @Test
  void when_one_is_left_out_only_its_agents_move_and_to_all_the_others() {
    Map<String, URI> before = first();
    Instance gone = instances.all().get(2);

    gone.leaveOut("test");
    Map<String, URI> without = first();

    var taken = new HashMap<URI, Integer>();
    for (String key : KEYS) {
      URI address = without.get(key);
      if (gone.address().equals(before.get(key))) {
        taken.merge(address, 1, Integer::sum);
      } else {
        assertThat(address).isEqualTo(before.get(key));
      }
    }
    assertThat(taken).hasSize(4).doesNotContainKey(gone.address());
    assertThat(taken.values()).allMatch(count -> count > 800 && count < 1_200);
  }

  @Test
  void when_it_is_taken_back_its_agents_come_back() {
    Map<String, URI> before = first();
    instances.all().get(2).leaveOut("test");
    instances.all().get(2).takeBack();
    assertThat(first()).isEqualTo(before);
  }

  @Test
  void a_new_instance_takes_its_share_and_nothing_else_moves() {
    Map<String, URI> before = new HashMap<>();
    var four = new Instances(FIVE.subList(0, 4));
    KEYS.forEach(key -> before.put(key, four.choices(key).getFirst().address()));

    first().forEach((key, address) -> assertThat(address).isIn(before.get(key), FIVE.getLast()));
  }

  @Test
  void one_that_is_left_out_is_the_last_choice_and_all_of_them_are_still_choices() {
    instances.all().forEach(instance -> instance.leaveOut("test"));
    instances.all().get(3).takeBack();

    assertThat(instances.choices("t/a")).hasSize(5);
    assertThat(instances.choices("t/a").getFirst()).isSameAs(instances.all().get(3));
  }

  private Map<String, URI> first() {
    var first = new HashMap<String, URI>();
    KEYS.forEach(key -> first.put(key, instances.choices(key).getFirst().address()));
    return first;
  }
}
