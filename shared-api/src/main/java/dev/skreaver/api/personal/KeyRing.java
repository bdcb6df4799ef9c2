package dev.skreaver.api.personal;

import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.command.RecordedCommand;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.event.RecordedEvent;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The keys that a reader holds for a page, and what it can show by them. A text whose key is
 * destroyed shows as {@link SealedText#ERASED}, a subject's name as its pseudonym; a text that is
 * not sealed shows as it is.
 */
public final class KeyRing {
  /** Of each event, the members of its payload that are {@link Personal}. */
  private static final Map<String, List<String>> MEMBERS =
      Arrays.stream(EventCatalog.values())
          .collect(Collectors.toUnmodifiableMap(EventCatalog::wireName, KeyRing::members));

  private static List<String> members(EventCatalog event) {
    return Arrays.stream(event.type().getRecordComponents())
        .filter(component -> component.isAnnotationPresent(Personal.class))
        .map(RecordComponent::getName)
        .map(name -> name.replaceAll("(?=\\p{Lu})", "_").toLowerCase(Locale.ROOT))
        .toList();
  }

  private final Map<String, SubjectKey> keys;

  /** Names that were opened: a page is mostly of a few subjects. */
  private final Map<String, String> names = new ConcurrentHashMap<>();

  /**
   * @param keys by id
   */
  public KeyRing(Map<String, SubjectKey> keys) {
    this.keys = Map.copyOf(keys);
  }

  /** The keys that are needed to show these events. */
  public static Set<String> idsIn(Collection<RecordedEvent> events) {
    var ids = new HashSet<String>();
    for (RecordedEvent event : events) {
      add(event.actor().subject(), ids::add);
      for (String member : membersOf(event)) {
        add(event.data().path(member).asString(""), ids::add);
      }
    }
    return ids;
  }

  /** The keys that are needed to show these agents. */
  public static Set<String> idsOf(Collection<AgentView> agents) {
    var ids = new HashSet<String>();
    for (AgentView agent : agents) {
      add(agent.owner(), ids::add);
      add(agent.statusReason(), ids::add);
    }
    return ids;
  }

  /** The keys that are needed to show these commands. */
  public static Set<String> idsFor(Collection<RecordedCommand> commands) {
    var ids = new HashSet<String>();
    for (RecordedCommand command : commands) {
      add(command.actor().subject(), ids::add);
      add(command.reason(), ids::add);
    }
    return ids;
  }

  private static void add(@Nullable String text, Consumer<String> ids) {
    SealedText sealed = text == null ? null : SealedText.parse(text);
    if (sealed != null) {
      ids.accept(sealed.keyId());
    }
  }

  private static List<String> membersOf(RecordedEvent event) {
    return event.data().isObject() ? MEMBERS.getOrDefault(event.type(), List.of()) : List.of();
  }

  public RecordedEvent open(RecordedEvent event) {
    return event.showing(open(event.actor().subject()), open(event.data(), membersOf(event)));
  }

  private JsonNode open(JsonNode data, List<String> members) {
    if (members.stream().noneMatch(member -> data.path(member).isString())) {
      return data;
    }
    ObjectNode opened = data.asObject().deepCopy();
    for (String member : members) {
      JsonNode text = data.path(member);
      if (text.isString()) {
        opened.put(member, open(text.stringValue()));
      }
    }
    return opened;
  }

  public AgentView open(AgentView agent) {
    String reason = agent.statusReason();
    return agent.showing(open(agent.owner()), reason == null ? null : open(reason));
  }

  public RecordedCommand open(RecordedCommand command) {
    String reason = command.reason();
    return command.showing(open(command.actor().subject()), reason == null ? null : open(reason));
  }

  /** A text that may be sealed. */
  public String open(String text) {
    String name = names.get(text);
    if (name != null) {
      return name;
    }
    SealedText sealed = SealedText.parse(text);
    SubjectKey key = sealed == null ? null : keys.get(sealed.keyId());
    String opened = sealed == null || key == null ? null : sealed.open(key);
    if (opened != null && sealed != null && sealed.kind() == SealedText.Kind.SUBJECT) {
      names.put(text, opened);
    }
    return opened == null ? text : opened;
  }

  /** With the keys of another one. */
  public KeyRing and(Collection<SubjectKey> more) {
    return new KeyRing(
        Stream.concat(keys.values().stream(), more.stream())
            .collect(
                Collectors.toUnmodifiableMap(SubjectKey::id, key -> key, (_, newer) -> newer)));
  }
}
