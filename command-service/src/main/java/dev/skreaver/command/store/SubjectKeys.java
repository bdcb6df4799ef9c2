package dev.skreaver.command.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.personal.KeyRing;
import dev.skreaver.api.personal.SealedText;
import dev.skreaver.api.personal.SubjectKey;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.axonframework.messaging.Message;

/**
 * The keys of those who act, and all other keys for reading. They are remembered for a short while,
 * so that hardly a command asks for one. An erasure by another instance is noticed with the next
 * append: that one is refused if it is under the destroyed key, and answers are opened after it.
 */
public final class SubjectKeys {
  private static final int REMEMBERED = 50_000;
  private static final int OPENED = 10_000;
  private static final Duration FOR = Duration.ofSeconds(30);
  private static final String IN_USE =
      "SELECT key_id, key FROM event_store.subject_key_in_use(?, ?, ?, ?)";
  private static final String BY_ID =
      "SELECT key_id, key FROM event_store.subject_key WHERE key_id = ANY(?)";

  private final DataSource dataSource;
  private final SecureRandom chance = new SecureRandom();
  private final Cache<Name, Actor> actors = remembered(REMEMBERED);
  private final Cache<String, SubjectKey> keys = remembered(REMEMBERED);

  /** Sealed texts of just now as they may be shown, so that an answer costs no decryption. */
  private final Cache<String, String> opened = remembered(OPENED);

  private final AtomicLong erased = new AtomicLong();
  private final AtomicLong forgotten = new AtomicLong();

  public SubjectKeys(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  private static <K, V> Cache<K, V> remembered(int most) {
    // On the common pool, its housekeeping would wake a thread for nearly every command.
    return Caffeine.newBuilder()
        .executor(Runnable::run)
        .maximumSize(most)
        .expireAfterWrite(FOR)
        .build();
  }

  private record Name(String tenant, String subject) {}

  /**
   * Who acts, as events may know it.
   *
   * @param keyId of the subject's key
   * @param sealedName the same for all that it does while this instance remembers the key
   * @param sealing of a text of this subject
   */
  public record Actor(String keyId, String sealedName, UnaryOperator<String> sealing) {
    /** Under which a command's message has it. */
    public static final String IN_METADATA = "actor";

    /** Of the command that a message brings. */
    public static Actor of(Message<?> command) {
      return (Actor)
          Objects.requireNonNull(command.getMetaData().get(IN_METADATA), "a command by nobody");
    }

    public String seal(String text) {
      return sealing.apply(text);
    }
  }

  /** A subject that acts now; gives it a key if it has none. May wait for the store. */
  public Actor actor(String tenant, String subject) {
    var name = new Name(tenant, subject);
    Actor known = actors.getIfPresent(name);
    if (known != null) {
      return known;
    }
    SubjectKey key = inUse(name);
    String sealedName = SealedText.ofSubject(key, subject);
    Actor actor = new Actor(key.id(), sealedName, text -> seal(key, text));
    actors.put(name, actor);
    opened.put(sealedName, subject);
    return actor;
  }

  private String seal(SubjectKey key, String text) {
    String sealed = SealedText.of(key, text);
    opened.put(sealed, text);
    return sealed;
  }

  private SubjectKey inUse(Name name) {
    SubjectKey proposed = SubjectKey.random(chance);
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(IN_USE)) {
      statement.setString(1, name.tenant);
      statement.setBytes(2, name.subject.getBytes(UTF_8));
      statement.setString(3, proposed.id());
      statement.setBytes(4, proposed.bytes());
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return new SubjectKey(row.getString(1), row.getBytes(2));
      }
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
  }

  /** An agent as its callers may see it. May wait for the store. */
  public AgentView open(AgentView agent) {
    String reason = agent.statusReason();
    String shownOwner = opened.getIfPresent(agent.owner());
    String shownReason = reason == null ? null : opened.getIfPresent(reason);
    if (shownOwner != null && (reason == null || shownReason != null)) {
      return agent.showing(shownOwner, shownReason);
    }
    long before = forgotten.get();
    Set<String> ids = KeyRing.idsOf(List.of(agent));
    AgentView shown = ids.isEmpty() ? agent : ring(ids).open(agent);
    opened.put(agent.owner(), shown.owner());
    if (forgotten.get() != before) {
      opened.invalidateAll();
    }
    return shown;
  }

  /** The same by the keys that are there at this moment, whatever is remembered. */
  public AgentView openAnew(AgentView agent) {
    Set<String> ids = KeyRing.idsOf(List.of(agent));
    return ids.isEmpty() ? agent : new KeyRing(read(ids.toArray(String[]::new))).open(agent);
  }

  /** Events as their readers may see them. May wait for the store. */
  public List<RecordedEvent> open(List<RecordedEvent> events) {
    Set<String> ids = KeyRing.idsIn(events);
    return ids.isEmpty() ? events : events.stream().map(ring(ids)::open).toList();
  }

  /**
   * @param last where the last erasure stands in the store
   */
  void erased(long last) {
    if (last > erased.getAndAccumulate(last, Math::max)) {
      forget();
    }
  }

  /** Forgets a store that is another one now. */
  void startAnew() {
    erased.set(0);
    forget();
  }

  /** Asks the store for every key again. */
  public void forget() {
    forgotten.incrementAndGet();
    actors.invalidateAll();
    keys.invalidateAll();
    opened.invalidateAll();
  }

  private KeyRing ring(Set<String> ids) {
    Map<String, SubjectKey> found = new HashMap<>(keys.getAllPresent(ids));
    if (found.size() < ids.size()) {
      String[] missing = ids.stream().filter(id -> !found.containsKey(id)).toArray(String[]::new);
      found.putAll(read(missing));
    }
    return new KeyRing(found);
  }

  private Map<String, SubjectKey> read(String[] ids) {
    long before = forgotten.get();
    var read = new HashMap<String, SubjectKey>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(BY_ID)) {
      statement.setArray(1, connection.createArrayOf("text", ids));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          read.put(row.getString(1), new SubjectKey(row.getString(1), row.getBytes(2)));
        }
      }
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
    keys.putAll(read);
    if (forgotten.get() != before) {
      keys.invalidateAll();
    }
    return read;
  }
}
