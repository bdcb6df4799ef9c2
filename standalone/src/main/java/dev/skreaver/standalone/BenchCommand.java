package dev.skreaver.standalone;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.spi.ToolProvider;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Hands over to the module {@code benchmarks}, which knows this one and not the reverse. */
@Command(
    name = "bench",
    description = "Measures what is hot. 'skreaver bench --help' lists the benchmarks.")
final class BenchCommand implements Callable<Integer> {
  /** The name under which {@code benchmarks} offers itself as a {@link ToolProvider}. */
  static final String TOOL = "skreaver-bench";

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(arity = "0..*")
  private List<String> arguments = List.of();

  private BenchCommand() {}

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    return ToolProvider.findFirst(TOOL)
        .map(tool -> tool.run(out, err, arguments.toArray(String[]::new)))
        .orElseGet(
            () -> {
              err.println(
                  "skreaver: the benchmarks are not in this program: start them with ./skreaver"
                      + " bench");
              err.flush();
              return 1;
            });
  }
}
