package dev.skreaver.benchmarks;

import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentQueries;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.api.projection.ProjectionAdmin;
import dev.skreaver.standalone.Standalone;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.spi.ToolProvider;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code skreaver bench}: starts the whole system on throw-away servers with fsync on, measures,
 * and prints one line a figure.
 */
public final class Bench implements ToolProvider {
  /** Groups of figures that can be asked for by name. */
  enum Group {
    /**
     * Durable commands per second: at the command service alone, without and with the relay,
     * against the rate at which the same server commits single rows, and through the gateway of the
     * whole system, against its rate of the least that a caller with a token can ask.
     */
    COMMANDS,
    /** From a command's acknowledgement to the read model and to a WebSocket. */
    LATENCY,
    /** Reads of one agent through the gateway. */
    READS,
    /** A read model that is built anew from the first event. */
    REPLAY,
    /** Appends and loads at a million events, against ten thousand. */
    GROWTH
  }

  @Override
  public String name() {
    return "skreaver-bench";
  }

  @Override
  public int run(PrintWriter out, PrintWriter err, String... arguments) {
    return new CommandLine(new Arguments())
        .setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> {
              err.printf("skreaver: the benchmark failed: %s%n", failure.getMessage());
              err.flush();
              return CommandLine.ExitCode.SOFTWARE;
            })
        .execute(arguments);
  }

  /** What may be said behind {@code skreaver bench}. */
  @Command(
      name = "skreaver bench",
      mixinStandardHelpOptions = true,
      description =
          "Measures what is hot. Each line: name, value, unit, the limit it is compared with, and"
              + " the ratio.")
  static final class Arguments implements Callable<Integer> {
    @CommandLine.Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandLine.Model.CommandSpec spec;

    @Parameters(arity = "0..*", description = "Only these: ${COMPLETION-CANDIDATES}.")
    private List<Group> names = List.of();

    @Option(names = "--json", description = "One JSON object a line.")
    private boolean json;

    @Option(names = "--seconds", description = "How long each rate is measured. Default: 8.")
    private int seconds = 8;

    @Option(
        names = "--warm-up",
        description =
            "Seconds of the same load before anything is measured; a rate is measured earlier when"
                + " it no longer grows. Default: 120.")
    private int warmUp = 120;

    @Option(names = "--callers", description = "Concurrent callers of a rate. Default: 64.")
    private int callers = 64;

    @Option(
        names = "--rate",
        description = "Commands per second while latencies are measured. Default: 500.")
    private int rate = 500;

    @Option(
        names = "--fleet",
        description = "Agents of five events each that are replayed. Default: 20000.")
    private int fleet = 20_000;

    @Override
    public Integer call() {
      Set<Group> groups = names.isEmpty() ? EnumSet.allOf(Group.class) : EnumSet.copyOf(names);
      PrintWriter out = spec.commandLine().getOut();
      measure(
          groups,
          figure -> {
            out.println(json ? WireJson.mapper().writeValueAsString(figure) : figure.line());
            out.flush();
          });
      return CommandLine.ExitCode.OK;
    }

    private void measure(Set<Group> groups, Consumer<Figure> figures) {
      var load = new Load(callers, Duration.ofSeconds(seconds), Duration.ofSeconds(warmUp));
      if (groups.contains(Group.COMMANDS)) {
        measureCommandService(load, figures);
      }
      try (var system = ephemeral()) {
        system.start();
        var limits = new PostgresLimits(system.database());
        var agents = new Agents(system.face(AgentCommands.class));
        var queries = system.face(AgentQueries.class);
        try (var edge = new Edge(system.address(), system.token(Agents.TENANT))) {
          if (groups.contains(Group.COMMANDS) || groups.contains(Group.READS)) {
            measureEdge(groups, load, edge, agents, queries, figures);
          }
          if (groups.contains(Group.LATENCY)) {
            Figure roundTrip = limits.roundTrip();
            figures.accept(roundTrip);
            new CommitToReader(rate, Duration.ofSeconds(warmUp), Duration.ofSeconds(seconds))
                .measure(agents, queries, edge, roundTrip)
                .forEach(figures);
          }
          if (groups.contains(Group.REPLAY)) {
            new Replay(fleet)
                .measure(agents, queries, system.face(ProjectionAdmin.class), limits)
                .forEach(figures);
          }
          if (groups.contains(Group.GROWTH)) {
            new Growth(system.database(), load).measure(figures);
          }
        }
      }
    }

    private static void measureCommandService(Load load, Consumer<Figure> figures) {
      measureCommandService(load, figures, "commands.in-process", false);
      measureCommandService(load, figures, "commands.in-process-and-relayed", true);
    }

    private static void measureCommandService(
        Load load, Consumer<Figure> figures, String name, boolean mesh) {
      try (var alone = ephemeral()) {
        var agents = new Agents(alone.startCommandServiceAlone(mesh));
        Figure commits = new PostgresLimits(alone.database()).singleRowCommits(load);
        figures.accept(commits);
        double rate = load.perSecond(number -> agents.pausingAndResuming());
        figures.accept(Figure.of(name, rate, "1/s", commits));
      }
    }

    private static void measureEdge(
        Set<Group> groups,
        Load load,
        Edge edge,
        Agents agents,
        AgentQueries queries,
        Consumer<Figure> figures) {
      Figure trivial =
          Figure.limit("edge.trivial-get", load.perSecond(number -> edge.asking()), "1/s");
      figures.accept(trivial);
      if (groups.contains(Group.COMMANDS)) {
        double commands = load.perSecond(number -> edge.pausingAndResuming());
        figures.accept(Figure.of("commands.gateway", commands, "1/s", trivial));
        // What is still to be projected would be measured with what follows.
        agents.awaitReadModel(queries);
      }
      if (groups.contains(Group.READS)) {
        double reads = load.perSecond(number -> edge.reading());
        figures.accept(Figure.of("reads.gateway", reads, "1/s", trivial));
      }
    }

    private static Standalone ephemeral() {
      return Standalone.ephemeral(InetAddress.getLoopbackAddress(), 0);
    }
  }
}
