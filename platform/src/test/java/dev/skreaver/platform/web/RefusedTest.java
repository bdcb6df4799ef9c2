package dev.skreaver.platform.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class RefusedTest {
  @Test
  void a_client_that_has_gone_is_no_fault_of_ours() {
    var reset =
        new IOException("sendAddress(..) failed with error(-104): Connection reset by peer");
    var broken = new IOException("Broken pipe");

    assertThat(Refused.of(reset).fault()).isFalse();
    assertThat(Refused.of(broken).fault()).isFalse();
  }

  @Test
  void a_file_or_a_server_that_has_gone_is_our_fault() {
    var file = new IOException("No space left on device");
    var server = new IllegalStateException(new IOException("Connection reset by peer"));

    assertThat(Refused.of(file).fault()).isTrue();
    assertThat(Refused.of(server).fault()).isTrue();
  }
}
