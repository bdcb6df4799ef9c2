package dev.skreaver.query.personal;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.skreaver.api.agent.AgentView;
import dev.skreaver.api.agent.TenantId;
import dev.skreaver.api.command.RecordedCommand;
import dev.skreaver.api.event.RecordedEvent;
import dev.skreaver.api.personal.KeyRing;
import dev.skreaver.api.personal.SubjectKey;
import dev.skreaver.query.postgres.Session;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Readable;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Opens sealed texts by the keys in the event store. Keys are remembered for a short while, so that
 * a page costs no query; when an erasure passes by, all of them are forgotten at once.
 */
public final class PersonalTexts {
  private static final int REMEMBERED = 50_000;
  private static final Duration FOR = Duration.ofSeconds(30);
  private static final String KEYS =
      "SELECT key_id, key FROM event_store.subject_key WHERE key_id = ANY($1)";
  private static final String KEY_OF =
      """
      SELECT k.key_id, k.key FROM event_store.subject_key k
      JOIN event_store.tenant t ON t.tenant_id = k.tenant_id
      WHERE t.name = $1 AND k.digest = event_store.subject_digest($1, $2)
        AND k.destroyed_at IS NULL\
      """;

  private final ConnectionFactory eventStore;
  private final Cache<String, SubjectKey> known =
      Caffeine.newBuilder().maximumSize(REMEMBERED).expireAfterWrite(FOR).build();

  private final AtomicLong erasures = new AtomicLong();

  public PersonalTexts(ConnectionFactory eventStore) {
    this.eventStore = eventStore;
  }

  /** The same events as they may be shown. */
  public Mono<List<RecordedEvent>> events(List<RecordedEvent> events) {
    return keys(KeyRing.idsIn(events))
        .map(keys -> keys.map(ring -> events.stream().map(ring::open).toList()).orElse(events));
  }

  /** The same agents as they may be shown. */
  public Mono<List<AgentView>> agents(List<AgentView> agents) {
    return keys(KeyRing.idsOf(agents))
        .map(keys -> keys.map(ring -> agents.stream().map(ring::open).toList()).orElse(agents));
  }

  public Mono<AgentView> agent(AgentView agent) {
    return agents(List.of(agent)).map(List::getFirst);
  }

  public Mono<List<RecordedCommand>> commands(List<RecordedCommand> commands) {
    return keys(KeyRing.idsFor(commands))
        .map(keys -> keys.map(ring -> commands.stream().map(ring::open).toList()).orElse(commands));
  }

  /**
   * The id of the key under which somebody is known to events and read models.
   *
   * @param subject a pseudonym, or the name of a subject that acted and was not erased since
   */
  public Mono<Optional<String>> key(TenantId tenant, String subject) {
    String id = SubjectKey.idOf(subject);
    return id != null
        ? Mono.just(Optional.of(id))
        : read(KEY_OF, tenant.value(), subject.getBytes(UTF_8))
            .next()
            .map(key -> Optional.of(key.id()))
            .defaultIfEmpty(Optional.empty());
  }

  /** Asks the store for every key again. */
  public void forget() {
    erasures.incrementAndGet();
    known.invalidateAll();
  }

  /** Empty if none is needed. */
  private Mono<Optional<KeyRing>> keys(Set<String> ids) {
    if (ids.isEmpty()) {
      return Mono.just(Optional.empty());
    }
    var found = new HashMap<>(known.getAllPresent(ids));
    var ring = new KeyRing(Map.copyOf(found));
    if (found.size() == ids.size()) {
      return Mono.just(Optional.of(ring));
    }
    String[] missing = ids.stream().filter(id -> !found.containsKey(id)).toArray(String[]::new);
    long before = erasures.get();
    return read(KEYS, (Object) missing)
        .collectList()
        .doOnNext(more -> remember(more, before))
        .map(more -> Optional.of(ring.and(more)));
  }

  /** What was read before an erasure is not remembered after it. */
  private void remember(List<SubjectKey> keys, long before) {
    keys.forEach(key -> known.put(key.id(), key));
    if (erasures.get() != before) {
      known.invalidateAll();
    }
  }

  private Flux<SubjectKey> read(String sql, Object... parameters) {
    return Flux.usingWhen(
        eventStore.create(),
        connection -> Session.rows(connection, sql, PersonalTexts::key, parameters),
        Connection::close);
  }

  private static SubjectKey key(Readable row) {
    byte @Nullable [] bytes = row.get(1, byte[].class);
    return new SubjectKey(Objects.requireNonNull(row.get(0, String.class)), bytes);
  }
}
