package dev.skreaver.gateway.agent;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentSpec;
import dev.skreaver.api.agent.AgentType;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.gateway.request.Write;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/** One creation, under the id that the client chose or under a generated one that is free. */
record AgentCreation(CreateAgent body, Write write) {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int SUFFIX_BYTES = 4;
  private static final int MAX_ID = 128;
  private static final int COLLISIONS = 5;

  /**
   * @param sender carries it out, or says what it would do
   */
  <T> Mono<T> by(Function<AgentCommands.Request, Mono<T>> sender) {
    if (write.expectedVersion() != null) {
      throw new Refusal(
          ErrorCode.INVALID_HEADER,
          "Invalid header 'If-Match': an agent that is yet to be created has no version; leave it"
              + " out",
          java.util.Map.of("field", HttpHeaders.IF_MATCH));
    }
    AgentSpec spec = body.spec().complete();
    AgentId chosen = body.agentId();
    if (chosen != null) {
      return sender.apply(request(chosen, spec));
    }
    return Mono.defer(() -> sender.apply(request(generateId(spec.agentType(), spec.name()), spec)))
        .retryWhen(
            Retry.max(COLLISIONS)
                .filter(AgentCreation::collision)
                .onRetryExhaustedThrow((retry, last) -> last.failure()));
  }

  private AgentCommands.Request request(AgentId id, AgentSpec spec) {
    return write.request(new AgentCommand.Create(write.agent(id), spec), body);
  }

  private static boolean collision(Throwable failure) {
    return failure instanceof Refusal refusal && refusal.code() == ErrorCode.AGENT_ALREADY_EXISTS;
  }

  /** {@code <type>-<name>-<8 hex>}, or {@code <type>-<8 hex>} where nothing of the name is fit. */
  static AgentId generateId(AgentType type, @Nullable String name) {
    byte[] suffix = new byte[SUFFIX_BYTES];
    RANDOM.nextBytes(suffix);
    String end = "-" + HexFormat.of().formatHex(suffix);
    String start =
        switch (type) {
          case AgentType.BuiltIn builtIn -> builtIn.wireName();
          case AgentType.Custom custom -> custom.name();
        };
    String fit = name == null ? "" : sanitize(name);
    if (!fit.isEmpty()) {
      start += "-" + fit;
    }
    return new AgentId(start.substring(0, Math.min(start.length(), MAX_ID - end.length())) + end);
  }

  private static String sanitize(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
  }
}
