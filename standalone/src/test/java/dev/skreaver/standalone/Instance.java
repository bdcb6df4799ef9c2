package dev.skreaver.standalone;

import dev.skreaver.api.agent.TenantId;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A standalone that runs in a process of its own. */
record Instance(Program program, Path data, URI address, Edge edge) implements AutoCloseable {
  static Instance start(Path data, String... options) {
    var arguments = new ArrayList<>(List.of("--data", data.toString(), "--port", "0"));
    arguments.addAll(List.of(options));
    Program program = Program.skreaver(arguments.toArray(String[]::new));
    try {
      URI address = URI.create(program.awaitOutput("Address +(\\S+)").group(1));
      program.awaitOutput("Ctrl-C stops everything");
      String token =
          DevelopmentIssuer.in(data)
              .token(new TenantId("default"), TokenCommand.Role.ADMIN, "tester");
      return new Instance(program, data, address, new Edge(address, token));
    } catch (AssertionError failed) {
      program.close();
      throw failed;
    }
  }

  /**
   * The JVM, if it lives, and every live server that was started for this data folder. The JVM's
   * own arguments do not show: with its class path they are longer than the system tells.
   */
  List<ProcessHandle> processes() {
    Stream<ProcessHandle> servers =
        ProcessHandle.allProcesses()
            .filter(
                process ->
                    process.info().arguments().map(List::of).orElse(List.of()).stream()
                        .anyMatch(argument -> argument.contains(data.toString())));
    return Stream.concat(Stream.of(program.handle()).filter(Instance::runs), servers)
        .distinct()
        .toList();
  }

  /** Not so for a zombie, which process 1 may be slow to take off the list. */
  static boolean runs(ProcessHandle process) {
    return process.isAlive() && process.info().command().isPresent();
  }

  /** The process of the embedded server whose command line ends so. */
  Optional<ProcessHandle> server(String program) {
    return processes().stream()
        .filter(process -> process.info().command().orElse("").endsWith(program))
        .findFirst();
  }

  @Override
  public void close() {
    edge.close();
    program.close();
  }
}
