package dev.skreaver.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a person at the terminal meets while one instance runs. */
class StandaloneIT {
  @TempDir static Path folder;
  private static Instance instance;

  @BeforeAll
  static void start() {
    instance = Instance.start(folder.resolve("data"));
  }

  @AfterAll
  static void stop() {
    instance.program().terminate();
    assertThat(instance.processes()).as("left behind after SIGTERM").isEmpty();
    instance.close();
  }

  @Test
  void the_printed_curl_lines_work_when_pasted() {
    assumeTrue(isOnPath("curl"), "curl is not installed");
    List<String> lines =
        instance
            .program()
            .awaitOutput("(?s).*")
            .group()
            .lines()
            .map(String::strip)
            .filter(line -> line.startsWith("curl "))
            .toList();
    assertThat(lines).hasSize(3);

    assertThat(paste(lines.get(0))).contains("HTTP/1.1 200");
    assertThat(paste(lines.get(1))).contains("HTTP/1.1 201", "my-first-agent");
    await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(
            () -> assertThat(paste(lines.get(2))).contains("HTTP/1.1 200", "my-first-agent"));
  }

  private static String paste(String line) {
    try (Program shell = Program.shell(line)) {
      assertThat(shell.exitCode()).as("%s: %s", line, shell.output()).isZero();
      return shell.output();
    }
  }

  @Test
  void the_documentation_is_where_the_greeting_says() throws Exception {
    String docs = instance.program().awaitOutput("Docs +(\\S+)").group(1);

    assertThat(docs).isEqualTo(instance.address() + "/docs");
    assertThat(instance.edge().get("/api-docs/openapi.json").status()).isEqualTo(200);
  }

  @Test
  void the_figures_of_all_three_services_are_on_one_page() throws IOException {
    try (var page = instance.address().resolve("/metrics").toURL().openStream()) {
      assertThat(new String(page.readAllBytes(), StandardCharsets.UTF_8))
          .contains(
              "skreaver_mesh_relay_position",
              "skreaver_projection_position{projection=\"agent\"}",
              "skreaver_stream_position",
              "hikaricp_connections_active");
    }
  }

  @Test
  void the_services_behind_the_gateway_cannot_be_reached_from_outside() throws Exception {
    assertThat(instance.edge().get("/internal/projections").status()).isEqualTo(404);
  }

  @Test
  void a_token_for_the_running_instance_is_all_that_the_token_command_prints() throws Exception {
    try (Program token =
        Program.skreaver(
            "token",
            "--data",
            instance.data().toString(),
            "--tenant",
            "other",
            "--role",
            "viewer")) {
      assertThat(token.exitCode()).as(token.output()).isZero();
      assertThat(token.output()).matches("[\\w-]+\\.[\\w-]+\\.[\\w-]+\n");
      try (var viewer = new Edge(instance.address(), token.output().strip())) {
        assertThat(viewer.get("/agents").status()).isEqualTo(200);
        assertThat(viewer.create("forbidden").status()).isEqualTo(403);
      }
    }
  }

  @Test
  void an_export_is_verified_with_nothing_but_its_file() throws Exception {
    long last = instance.edge().create("audited").position();
    await()
        .atMost(Duration.ofMinutes(1))
        .until(
            () ->
                instance.edge().get("/audit/checkpoint").body().at("/checkpoint/position").asLong()
                    >= last);
    String export = folder.resolve("export.ndjson").toString();
    try (Program program =
        Program.skreaver(
            "audit",
            "export",
            "--url",
            instance.address().toString(),
            "--data",
            instance.data().toString(),
            "--output",
            export)) {
      assertThat(program.exitCode()).as(program.output()).isZero();
    }
    String anchor = instance.data().resolve("audit-anchor.ndjson").toString();
    try (Program program = Program.skreaver("audit", "verify", export, "--anchor", anchor)) {
      assertThat(program.exitCode()).as(program.output()).isZero();
      assertThat(program.output()).contains("Intact from position 1 to ");
    }

    String tampered = folder.resolve("tampered.ndjson").toString();
    Files.writeString(
        Path.of(tampered),
        Files.readString(Path.of(export))
            .replace("\"position\":2,\"tenant\"", "\"position\":2,\"x\""));
    try (Program program = Program.skreaver("audit", "verify", tampered)) {
      assertThat(program.exitCode()).as(program.output()).isEqualTo(1);
      assertThat(program.output()).contains("NOT INTACT from position 2 on: line_invalid");
    }
    try (Program program = Program.skreaver("audit", "verify", "nothing-there")) {
      assertThat(program.exitCode()).as(program.output()).isEqualTo(2);
    }
  }

  @Test
  void secrets_and_data_are_for_their_owner_only() throws IOException {
    for (String file :
        List.of("jwt-secret", "audit-key.pem", "postgres/password", "redis/password")) {
      assertThat(permissions(file)).as(file).isEqualTo("rw-------");
    }
    assertThat(permissions("")).isEqualTo("rwx------");
  }

  private static String permissions(String file) throws IOException {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(instance.data().resolve(file)));
  }

  @Test
  void a_check_stops_by_itself_when_everything_was_ready() {
    try (Program check = Program.skreaver("--ephemeral", "--port", "0", "--check")) {
      assertThat(check.exitCode()).as(check.output()).isZero();
      assertThat(check.output()).contains("Skreaver is ready");
    }
  }

  @Test
  void a_folder_in_use_is_refused_in_one_line() {
    assertRefused(
        "is in use by a running instance", "--data", instance.data().toString(), "--port", "0");
  }

  @Test
  void a_busy_port_is_refused_in_one_line() throws IOException {
    try (var busy = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      assertRefused(
          "port " + busy.getLocalPort(),
          "--data",
          folder.resolve("busy").toString(),
          "--port",
          Integer.toString(busy.getLocalPort()));
    }
  }

  @Test
  void a_folder_of_another_version_is_refused_in_one_line() throws IOException {
    Path other = folder.resolve("other-version");
    Files.createDirectories(other.resolve("postgres/data"));
    Files.writeString(other.resolve("postgres/data/PG_VERSION"), "17\n");

    assertRefused("was written by PostgreSQL 17", "--data", other.toString(), "--port", "0");
  }

  @Test
  void a_folder_that_cannot_be_written_is_refused_in_one_line() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "in the way");

    assertRefused("cannot be used", "--data", file.resolve("data").toString(), "--port", "0");
  }

  @Test
  void a_bad_option_is_refused_in_one_line() {
    assertRefused("'--prot'", "--prot", "8080");
    assertRefused("--port must be", "--port", "65536");
    assertRefused("mutually exclusive", "--ephemeral", "--data", "here");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "65536", "-1", "80.5"})
  void a_bad_port_in_the_environment_is_refused_by_its_name(String port) {
    try (Program refused =
        Program.skreaver(Map.of("SKREAVER_PORT", port), "--ephemeral", "--check")) {
      assertThat(refused.exitCode()).isNotZero();
      assertThat(refused.output().lines())
          .singleElement()
          .asString()
          .startsWith("skreaver: SKREAVER_PORT: '%s' is not valid".formatted(port));
    }
  }

  @Test
  void a_blank_port_in_the_environment_counts_as_absent() throws IOException {
    Path file = Files.writeString(folder.resolve("in-the-way"), "in the way");
    try (Program refused =
        Program.skreaver(Map.of("SKREAVER_PORT", " "), "--data", file.resolve("data").toString())) {
      assertThat(refused.output()).contains("cannot be used");
    }
  }

  @Test
  void a_blank_token_in_the_environment_counts_as_absent() {
    try (Program program =
        Program.skreaver(
            Map.of("SKREAVER_TOKEN", ""),
            "audit",
            "export",
            "--url",
            instance.address().toString(),
            "--data",
            instance.data().toString(),
            "--output",
            folder.resolve("blank.ndjson").toString())) {
      assertThat(program.exitCode()).as(program.output()).isZero();
    }
  }

  @Test
  void the_options_of_a_benchmark_are_handed_on() {
    assertRefused("the benchmarks are not in this program", "bench", "latency", "--json");
  }

  private static void assertRefused(String reason, String... arguments) {
    try (Program refused = Program.skreaver(arguments)) {
      assertThat(refused.exitCode()).isNotZero();
      assertThat(refused.output().lines().filter(line -> !line.startsWith("Starting ")))
          .singleElement()
          .asString()
          .startsWith("skreaver: ")
          .contains(reason);
    }
  }

  private static boolean isOnPath(String program) {
    for (String folderOnPath : System.getenv("PATH").split(File.pathSeparator, -1)) {
      if (Files.isExecutable(Path.of(folderOnPath, program))) {
        return true;
      }
    }
    return false;
  }
}
