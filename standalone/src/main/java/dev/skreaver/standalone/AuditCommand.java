package dev.skreaver.standalone;

import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.audit.AuditExport;
import dev.skreaver.api.audit.NoteKey;
import dev.skreaver.api.audit.Verification;
import dev.skreaver.api.audit.Verification.Fault;
import dev.skreaver.api.json.WireJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;

/** The proof of the audit trail, for auditors: an export, and its check without any server. */
@Command(
    name = "audit",
    description = "Exports the events with their proof, and verifies such an export.",
    subcommands = {AuditCommand.Export.class, AuditCommand.Verify.class},
    sortOptions = false)
final class AuditCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it
  private boolean help;

  private AuditCommand() {}

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say 'audit export' or 'audit verify'");
  }

  /** Downloads from a running gateway. */
  @Command(
      name = "export",
      description = "Downloads all events and checkpoints from a running Skreaver to a file.",
      sortOptions = false)
  static final class Export implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(
        names = {"-h", "--help"},
        usageHelp = true,
        description = "Show this.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    @Option(names = "--from", paramLabel = "N", description = "The first position.")
    private long from;

    @Option(names = "--to", paramLabel = "N", description = "The last position.")
    private @Nullable Long to;

    @Option(
        names = "--output",
        paramLabel = "FILE",
        required = true,
        description = "Where to; compressed if the name ends with .gz.")
    @SuppressWarnings("NullAway.Init") // set by picocli
    private Path output;

    @Option(
        names = "--url",
        paramLabel = "URL",
        description =
            "The gateway. Default: http://127.0.0.1 and the port SKREAVER_PORT, else 8080.")
    private @Nullable URI url;

    @Option(
        names = "--token",
        paramLabel = "T",
        defaultValue = "${env:SKREAVER_TOKEN}",
        description =
            "An administrator's token. Default: SKREAVER_TOKEN, else one of the instance in"
                + " --data.")
    private @Nullable String token;

    @Option(
        names = "--data",
        paramLabel = "DIR",
        description = "The data folder of the instance. Default: .skreaver/data in the project.")
    private @Nullable Path data;

    private Export() {}

    @Override
    public Integer call() throws InterruptedException {
      Logs.off();
      if (from < 0 || (to != null && to < from)) {
        throw new ParameterException(spec.commandLine(), "--from and --to must be a range");
      }
      URI gateway =
          url == null ? URI.create("http://127.0.0.1:" + Skreaver.defaultPort(spec)) : url;
      Path draft = output.resolveSibling(output.getFileName() + ".part");
      try (var http = HttpClient.newHttpClient()) {
        HttpResponse<InputStream> answer =
            http.send(request(gateway), HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream body = answer.body()) {
          if (answer.statusCode() != 200) {
            throw new StartFailure(refusal(answer.statusCode(), body));
          }
          try (OutputStream file = draft()) {
            body.transferTo(file);
          }
        }
        Files.move(draft, output, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new StartFailure(
            "The export from %s to %s did not succeed: %s".formatted(gateway, output, e), e);
      }
      PrintWriter out = spec.commandLine().getOut();
      out.printf("Exported to %s; verify it with: skreaver audit verify %s%n", output, output);
      out.flush();
      return CommandLine.ExitCode.OK;
    }

    private HttpRequest request(URI gateway) {
      String range = "?from=" + from + (to == null ? "" : "&to=" + to);
      return HttpRequest.newBuilder(
              URI.create(gateway.toString().replaceFirst("/+$", "") + "/audit/export" + range))
          .header(
              "Authorization", "Bearer " + (token == null || token.isBlank() ? ownToken() : token))
          .header("Accept", "application/x-ndjson")
          .build();
    }

    private String ownToken() {
      Path instance = data == null ? Skreaver.defaultData() : data;
      if (!DevelopmentIssuer.isIn(instance)) {
        throw new ParameterException(
            spec.commandLine(),
            "there is no data of an instance in %s; give --token".formatted(instance));
      }
      return DevelopmentIssuer.in(instance)
          .token(new TenantId("default"), TokenCommand.Role.ADMIN, "auditor");
    }

    private OutputStream draft() throws IOException {
      OutputStream file =
          Files.newOutputStream(output.resolveSibling(output.getFileName() + ".part"));
      return output.toString().endsWith(".gz") ? new GZIPOutputStream(file, 1 << 16) : file;
    }

    private static String refusal(int status, InputStream body) throws IOException {
      String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
      try {
        return "The gateway refuses the export with %d: %s"
            .formatted(status, WireJson.mapper().readTree(text).path("message").asString(""));
      } catch (JacksonException notAProblem) {
        return "The gateway refuses the export with %d".formatted(status);
      }
    }
  }

  /** Needs nothing but the export, and better also a key and an anchor that were kept elsewhere. */
  @Command(
      name = "verify",
      description = {
        "Verifies an export.",
        "Exit code 0: intact; 1: not intact; 2: it could not be verified."
      },
      sortOptions = false)
  static final class Verify implements Callable<Integer> {
    private static final int NOT_INTACT = 1;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(
        names = {"-h", "--help"},
        usageHelp = true,
        description = "Show this.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    @Parameters(
        paramLabel = "FILE",
        arity = "1..*",
        description = "The export, or files of it in order; or a folder of them, by name.")
    private List<Path> files = List.of();

    @Option(
        names = "--key",
        paramLabel = "FILE",
        description = "The keys to trust, one a line. Default: those that the export names.")
    private @Nullable Path key;

    @Option(
        names = "--anchor",
        paramLabel = "FILE",
        description =
            "Checkpoints that were kept outside of the database, to compare with; as they were when"
                + " the export was made, or before: an anchor, or answers to GET"
                + " /audit/checkpoint.")
    private @Nullable Path anchor;

    private Verify() {}

    @Override
    public Integer call() {
      Logs.off();
      try {
        AuditExport export = AuditExport.of(whole());
        List<NoteKey> keys = keys(export);
        Verification found = export.verify(keys, anchor);
        report(export, found, keys);
        return found.intact() && !unsigned(found) ? CommandLine.ExitCode.OK : NOT_INTACT;
      } catch (NoSuchFileException e) {
        throw new ParameterException(
            spec.commandLine(), "cannot verify: there is no file " + e.getMessage());
      } catch (IOException | RuntimeException e) { // whatever a broken export does
        throw new ParameterException(
            spec.commandLine(), "cannot verify: " + (e.getMessage() == null ? e : e.getMessage()));
      }
    }

    /** Whoever brings a key wants to see what it has signed. */
    private boolean unsigned(Verification found) {
      return key != null && found.events() > 0 && found.checkpoints() == 0;
    }

    private List<Path> whole() throws IOException {
      if (files.size() > 1 || !Files.isDirectory(files.getFirst())) {
        return files;
      }
      try (Stream<Path> folder = Files.list(files.getFirst())) {
        return folder
            .filter(file -> file.toString().matches(".*\\.ndjson(\\.gz)?"))
            .sorted()
            .toList();
      }
    }

    private List<NoteKey> keys(AuditExport export) throws IOException {
      if (key == null) {
        return export.keys();
      }
      return Files.readAllLines(key).stream()
          .filter(line -> !line.isBlank())
          .map(NoteKey::parse)
          .toList();
    }

    private void report(AuditExport export, Verification found, List<NoteKey> keys)
        throws IOException {
      PrintWriter out = spec.commandLine().getOut();
      Fault fault = found.fault();
      if (fault != null) {
        out.printf(
            "NOT INTACT from position %d on: %s, %s%n",
            fault.position(), fault.kind().wireName(), fault.message());
      } else if (unsigned(found)) {
        out.println("NOT PROVEN: no checkpoint covers any of its events, so the key signed none");
      } else {
        out.printf("Intact from position %d to %d%n", found.from(), found.to());
      }
      out.printf(
          "Verified %d events, %d of them with an erased payload, and %d checkpoints; sealed up to"
              + " position %d%n",
          found.events(), found.erased(), found.checkpoints(), found.sealedThrough());
      if (key == null) {
        out.printf(
            "The key is the export's own: compare it with the one you know, or give that with"
                + " --key: %s%n",
            keys);
      }
      if (anchor == null) {
        out.println("Without --anchor it is not known whether later events were cut off.");
      } else if (found.intact()) {
        export
            .anchoredBehind(found, anchor)
            .ifPresent(
                last ->
                    out.printf(
                        "The export says that it is a range, which no key has signed; the anchor"
                            + " goes on to position %d%n",
                        last));
      }
      out.flush();
    }
  }
}
