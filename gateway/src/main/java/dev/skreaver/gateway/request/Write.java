package dev.skreaver.gateway.request;

import dev.skreaver.api.agent.AgentCommand;
import dev.skreaver.api.agent.AgentCommands;
import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentKey;
import dev.skreaver.api.caller.Caller;
import dev.skreaver.api.json.WireJson;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a writing request says besides its body. An endpoint gets it as an argument.
 *
 * @param target the request's method and path
 * @param expectedVersion from {@code If-Match}
 * @param idempotencyKey from {@code Idempotency-Key}
 * @param options from the query string
 */
public record Write(
    Caller caller,
    String target,
    @Nullable Long expectedVersion,
    @Nullable String idempotencyKey,
    Options options) {

  /**
   * What any command may be given in the query string.
   *
   * @param dryRun whether it is only to be said what the command would do
   */
  public record Options(@Nullable Boolean dryRun) implements FromQuery {}

  /** Writes equal bodies equally, however the client had ordered and spaced them. */
  private static final JsonMapper CANONICAL =
      WireJson.mapper().rebuild().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();

  public boolean dryRun() {
    return Boolean.TRUE.equals(options.dryRun());
  }

  /** The caller's own agent of this id: another tenant's cannot be named. */
  public AgentKey agent(AgentId id) {
    return new AgentKey(caller.tenant(), id);
  }

  /**
   * @param body what the client sent, as it was bound; null if the request has none
   */
  public AgentCommands.Request request(AgentCommand command, @Nullable Object body) {
    return new AgentCommands.Request(command, caller, expectedVersion, idempotency(body));
  }

  private AgentCommands.@Nullable Idempotency idempotency(@Nullable Object body) {
    return idempotencyKey == null
        ? null
        : new AgentCommands.Idempotency(idempotencyKey, fingerprint(body));
  }

  private String fingerprint(@Nullable Object body) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update("%s %s\n".formatted(target, expectedVersion).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest.digest(CANONICAL.writeValueAsBytes(body)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
