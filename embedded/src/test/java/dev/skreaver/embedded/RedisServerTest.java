package dev.skreaver.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RedisServerTest {
  @TempDir Path folder;

  @Test
  void it_answers_only_with_the_password() throws IOException {
    try (var server = RedisServer.start(folder)) {
      String password = URI.create(server.url()).getUserInfo().substring(1);

      assertThat(talk(server, "PING")).startsWith("-NOAUTH");
      assertThat(talk(server, "AUTH " + password)).isEqualTo("+OK");
    }
  }

  @Test
  void it_starts_again_where_it_was_after_a_stop() {
    try (var server = RedisServer.throwAway()) {
      String url = server.url();
      server.stop();
      assertThat(server.process()).isEmpty();

      server.start();

      assertThat(server.process()).isPresent();
      assertThat(server.url()).isEqualTo(url);
    }
  }

  @Test
  void a_server_that_outlived_its_jvm_is_stopped() throws Exception {
    long orphan = PostgresServerTest.killedJvm(folder, RedisServer.class);
    assertThat(ProcessHandle.of(orphan)).hasValueSatisfying(ServerProcess::runs);

    try (var server = RedisServer.start(folder)) {
      assertThat(ProcessHandle.of(orphan).filter(ServerProcess::runs)).isEmpty();
      assertThat(server.process()).isPresent();
    }
  }

  @Test
  void a_busy_port_is_refused() throws IOException {
    try (var busy = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      assertThatThrownBy(() -> RedisServer.start(folder, busy.getLocalPort()))
          .isInstanceOf(PortInUseException.class)
          .hasMessageContaining("Port " + busy.getLocalPort() + " is in use");
    }
  }

  @Test
  void a_folder_in_use_is_refused() {
    try (var server = RedisServer.start(folder)) {
      assertThatThrownBy(() -> RedisServer.start(folder))
          .isInstanceOf(EmbeddedServerException.class)
          .hasMessageContaining("in use by a running instance");
      assertThat(server.process()).isPresent();
    }
  }

  @Test
  void a_throw_away_server_leaves_no_process_behind() {
    ProcessHandle process;
    try (var server = RedisServer.throwAway()) {
      process = server.process().orElseThrow();
    }
    assertThat(ServerProcess.runs(process)).isFalse();
  }

  private static String talk(RedisServer server, String command) throws IOException {
    URI url = URI.create(server.url());
    try (var socket = new Socket(InetAddress.ofLiteral(url.getHost()), url.getPort())) {
      socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
      var answer = new java.io.ByteArrayOutputStream();
      for (int next = socket.getInputStream().read(); next != '\r'; ) {
        answer.write(next);
        next = socket.getInputStream().read();
      }
      return answer.toString(StandardCharsets.UTF_8);
    }
  }
}
