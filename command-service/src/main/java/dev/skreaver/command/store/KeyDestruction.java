package dev.skreaver.command.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.skreaver.api.personal.SubjectKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.axonframework.eventhandling.DomainEventMessage;
import org.jspecify.annotations.Nullable;

/** Destroys the key of a subject, in one transaction with the event that tells of it. */
public final class KeyDestruction {
  private static final String STREAM = "subject-";

  /** The key in use before all others, else the one that was destroyed last. */
  private static final String FIND =
      """
      SELECT k.key_id, k.destroyed_at, k.erasure
      FROM event_store.tenant t
      JOIN event_store.subject_key k ON k.tenant_id = t.tenant_id
      WHERE t.name = ? AND k.digest = event_store.subject_digest(t.name, ?)
      ORDER BY k.destroyed_at DESC NULLS FIRST
      LIMIT 1
      """;

  private static final String DESTROY = "SELECT event_store.destroy_subject_key(?, ?)";

  private static final int ATTEMPTS = 3;

  private final DataSource dataSource;
  private final PostgresEventStorageEngine engine;

  KeyDestruction(DataSource dataSource, PostgresEventStorageEngine engine) {
    this.dataSource = dataSource;
    this.engine = engine;
  }

  /**
   * @param pseudonym of the subject whose key it was
   * @param position of the event that tells of it
   * @param repeated whether it had been destroyed before
   */
  public record Destroyed(String pseudonym, Instant at, long position, boolean repeated) {}

  /** Makes the event. */
  @FunctionalInterface
  public interface Telling {
    /**
     * @param stream the event's aggregate identifier
     */
    DomainEventMessage<?> event(String stream, String pseudonym);
  }

  private record Found(SubjectKey key, @Nullable Instant destroyedAt, long position) {}

  /** Another one was faster. */
  private static final class DestroyedMeanwhile extends SQLException {
    private static final long serialVersionUID = 1;
  }

  /**
   * @return empty if the subject has never acted in this tenant
   */
  public Optional<Destroyed> destroy(String tenant, String subject, Telling telling) {
    try {
      return destroy(tenant, subject, telling, 1);
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    } finally {
      engine.subjects().forget();
    }
  }

  private Optional<Destroyed> destroy(String tenant, String subject, Telling telling, int attempt)
      throws SQLException {
    Optional<Found> found = find(tenant, subject);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(destroyed(tenant, found.get(), telling));
    } catch (SQLException e) {
      boolean meanwhile = e instanceof DestroyedMeanwhile || StoreFailure.isDestroyedKey(e);
      if (meanwhile && attempt < ATTEMPTS) {
        return destroy(tenant, subject, telling, attempt + 1);
      }
      throw e;
    }
  }

  private Destroyed destroyed(String tenant, Found found, Telling telling) throws SQLException {
    String pseudonym = found.key().pseudonym();
    if (found.destroyedAt() != null) {
      return new Destroyed(pseudonym, found.destroyedAt(), found.position(), true);
    }
    var at = new AtomicReference<Instant>();
    // By chance, so that nobody can have taken the stream's key for something else.
    String stream = "%s/%s%s".formatted(tenant, STREAM, UUID.randomUUID());
    try {
      long position =
          engine.append(
              telling.event(stream, pseudonym),
              (transaction, event) -> at.set(destroyKey(transaction, found.key().id(), event)));
      return new Destroyed(pseudonym, at.get(), position, false);
    } catch (SQLException e) {
      boolean committing = at.get() != null;
      if (committing && StoreFailure.of(e) == StoreFailure.OUTCOME_UNKNOWN) {
        throw StoreFailure.unknownErasure(e);
      }
      throw e;
    }
  }

  private Optional<Found> find(String tenant, String subject) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(FIND)) {
      statement.setString(1, tenant);
      statement.setBytes(2, subject.getBytes(UTF_8));
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new Found(new SubjectKey(row.getString(1), null), time(row, 2), row.getLong(3)))
            : Optional.empty();
      }
    }
  }

  private static Instant destroyKey(Connection transaction, String id, long event)
      throws SQLException {
    try (PreparedStatement statement = transaction.prepareStatement(DESTROY)) {
      statement.setString(1, id);
      statement.setLong(2, event);
      try (ResultSet row = statement.executeQuery()) {
        Instant at = row.next() ? time(row, 1) : null;
        if (at == null) {
          throw new DestroyedMeanwhile();
        }
        return at;
      }
    }
  }

  private static @Nullable Instant time(ResultSet row, int column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }
}
