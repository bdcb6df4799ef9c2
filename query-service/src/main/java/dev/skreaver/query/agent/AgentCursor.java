package dev.skreaver.query.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.skreaver.api.agent.AgentId;
import dev.skreaver.api.agent.AgentQueries.Find;
import dev.skreaver.api.agent.AgentQueries.Moment;
import dev.skreaver.api.agent.AgentQueries.Sort;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.error.ErrorCode;
import dev.skreaver.api.error.Refusal;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.query.read.QueryInput;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The last agent of a page, from which the next one goes on. To a client it is opaque text that
 * holds for the filters, the sort and the direction of the page it came with; it carries a digest
 * of them and of itself, so that one that was changed or used elsewhere is refused instead of
 * answering another question. It is no secret and grants nothing: the tenant is never taken from
 * it.
 *
 * @param key the value that the page is sorted by: a time, a name or the agent's id
 * @param through the position that no page of a walk through the past looks behind; null for agents
 *     as they are
 */
record AgentCursor(String key, AgentId agentId, @Nullable Long through) {
  private static final int DIGEST_BYTES = 16;

  private record Content(
      Sort sort,
      boolean descending,
      String key,
      String agentId,
      @Nullable Long through,
      String digest) {}

  static AgentCursor at(AgentView agent, Sort sort) {
    String key =
        switch (sort) {
          case CREATED_AT -> agent.createdAt().toString();
          case LAST_ACTIVITY -> agent.lastActivity().toString();
          case NAME -> agent.name() == null ? "" : agent.name();
          case AGENT_ID -> agent.agentId().value();
        };
    return new AgentCursor(key, agent.agentId(), null);
  }

  /** The key as the database compares it. */
  Object comparable(Sort sort) {
    return switch (sort) {
      case CREATED_AT, LAST_ACTIVITY -> Instant.parse(key);
      case NAME, AGENT_ID -> key;
    };
  }

  String encode(Find query) {
    return encode(query, null);
  }

  /**
   * @param at the moment of the past that the page shows
   */
  String encode(Find query, @Nullable Moment at) {
    var content =
        new Content(
            query.sort(), query.descending(), key, agentId.value(), through, digest(query, at));
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(WireJson.mapper().writeValueAsBytes(content));
  }

  /**
   * @return null if the query has none
   * @throws Refusal {@code invalid_cursor}
   */
  static @Nullable AgentCursor of(Find query) {
    return of(query, null);
  }

  /** The same for the moment of the past that the page shows. */
  static @Nullable AgentCursor of(Find query, @Nullable Moment at) {
    String text = query.cursor();
    if (text == null) {
      return null;
    }
    AgentCursor cursor;
    Content content;
    try {
      content = WireJson.mapper().readValue(Base64.getUrlDecoder().decode(text), Content.class);
      cursor =
          new AgentCursor(
              Objects.requireNonNull(content.key()),
              new AgentId(content.agentId()),
              content.through());
      QueryInput.text("cursor", cursor.key);
      if (cursor.comparable(query.sort()) instanceof Instant time) {
        QueryInput.time("cursor", time);
      }
    } catch (RuntimeException garbage) {
      throw invalid("it is not one that a page was answered with");
    }
    if (content.sort() != query.sort() || content.descending() != query.descending()) {
      throw invalid("it belongs to another sort or direction");
    }
    if (!cursor.encode(query, at).equals(text) || (at == null) != (cursor.through == null)) {
      throw invalid("it was changed, or belongs to other filters");
    }
    return cursor;
  }

  private static Refusal invalid(String reason) {
    return new Refusal(
        ErrorCode.INVALID_CURSOR,
        "Invalid cursor: %s; ask again without a cursor to start from the first page"
            .formatted(reason),
        Map.of("field", "cursor"));
  }

  private String digest(Find query, @Nullable Moment at) {
    var content = new LinkedHashMap<String, @Nullable Object>();
    content.put("tenant", query.tenant());
    content.put("statuses", query.statuses().stream().sorted().distinct().toList());
    content.put("type", query.agentType());
    content.put("name_prefix", query.namePrefix());
    content.put("labels", new TreeMap<>(query.labels()));
    content.put("created_from", query.createdFrom());
    content.put("created_before", query.createdBefore());
    content.put("sort", query.sort());
    content.put("descending", query.descending());
    content.put("key", key);
    content.put("agent_id", agentId);
    if (at != null) {
      content.put("at", at);
      content.put("through", through);
    }
    byte[] digest = sha256().digest(WireJson.mapper().writeValueAsString(content).getBytes(UTF_8));
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(Arrays.copyOf(digest, DIGEST_BYTES));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
