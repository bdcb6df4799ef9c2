package dev.skreaver.standalone;

import dev.skreaver.api.agent.TenantId;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Prints a token for the instance that runs, or will run, on a data folder. */
@Command(
    name = "token",
    description = "Prints a token, valid for an hour, and nothing else.",
    sortOptions = false)
final class TokenCommand implements Runnable {
  /** What a gateway accepts as the name of who acts. */
  private static final Pattern SUBJECT = Pattern.compile("[!-~]{1,255}");

  /** The roles that the gateway knows. */
  enum Role {
    ADMIN,
    AGENT,
    VIEWER;

    String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it
  private boolean help;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "The data folder of the instance. Default: .skreaver/data in the project.")
  private @Nullable Path data;

  @Option(
      names = "--tenant",
      paramLabel = "T",
      description = "Whose agents it gives access to. Default: ${DEFAULT-VALUE}.")
  private String tenant = "default";

  @Option(
      names = "--role",
      paramLabel = "R",
      description = "admin, agent or viewer. Default: admin.")
  private Role role = Role.ADMIN;

  @Option(
      names = "--subject",
      paramLabel = "S",
      description = "Who acts, for the audit trail. Default: ${DEFAULT-VALUE}.")
  private String subject = "developer";

  private TokenCommand() {}

  @Override
  public void run() {
    Logs.off();
    if (!SUBJECT.matcher(subject).matches()) {
      throw new ParameterException(
          spec.commandLine(), "--subject must be 1 to 255 visible ASCII characters");
    }
    DevelopmentIssuer issuer = DevelopmentIssuer.in(data == null ? Skreaver.defaultData() : data);
    spec.commandLine().getOut().println(issuer.token(new TenantId(tenant), role, subject));
    spec.commandLine().getOut().flush();
  }
}
