package dev.skreaver.command;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentCommands.Idempotency;
import dev.skreaver.api.agent.AgentCommands.Receipt;
import dev.skreaver.api.agent.AgentCommands.Request;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.agent.AgentLimits;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.embedded.Database;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

/** One instance of the service on a real database, without its web server. */
public final class CommandService implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final ConfigurableApplicationContext context;

  private CommandService(ConfigurableApplicationContext context) {
    this.context = context;
  }

  public static CommandService on(Database database, String... settings) {
    var arguments = new String[settings.length + 2];
    arguments[0] = "--DATABASE_URL=" + database.url();
    arguments[1] = "--SKREAVER_MESH_ENABLED=false";
    for (int i = 0; i < settings.length; i++) {
      arguments[i + 2] = "--" + settings[i];
    }
    return new CommandService(
        CommandServiceApplication.application().web(WebApplicationType.NONE).run(arguments));
  }

  public <T> T bean(Class<T> type) {
    return context.getBean(type);
  }

  public <T> T bean(String name, Class<T> type) {
    return context.getBean(name, type);
  }

  public Receipt send(AgentCommand command) {
    return send(command, null, null);
  }

  public Receipt send(
      AgentCommand command, @Nullable Long expectedVersion, @Nullable Idempotency idempotency) {
    return send(new Request(command, caller(command.agent()), expectedVersion, idempotency));
  }

  public Receipt send(Request request) {
    return Objects.requireNonNull(
        bean(AgentCommands.class).send(request).block(PATIENCE), "an answer");
  }

  /** Sends it from a thread of its own. */
  public CompletableFuture<Receipt> begin(AgentCommand command) {
    return begin(new Request(command, caller(command.agent()), null, null));
  }

  public CompletableFuture<Receipt> begin(Request request) {
    return CompletableFuture.supplyAsync(
        () -> send(request), task -> Thread.ofVirtual().start(task));
  }

  public static Caller caller(AgentKey agent) {
    return new Caller(agent.tenant(), "ada", "jwt", "request-1", "correlation-1", null);
  }

  public static AgentCommand.Create create(String agent) {
    return new AgentCommand.Create(
        AgentKey.parse(agent),
        new AgentSpec(
            AgentType.BuiltIn.ECHO,
            "worker",
            Map.of("team", "red"),
            Map.of(),
            AgentLimits.defaultsFor(AgentType.BuiltIn.ECHO)));
  }

  @Override
  public void close() {
    context.close();
  }
}
