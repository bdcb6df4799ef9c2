package dev.skreaver.query.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.skreaver.api.personal.SealedText;
import dev.skreaver.api.personal.SubjectKey;
import dev.skreaver.query.projection.FailurePolicy;
import dev.skreaver.query.projection.ProjectedEvent;
import dev.skreaver.query.projection.Projection;
import dev.skreaver.query.projection.Tables;
import io.r2dbc.spi.Connection;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * By what an auditor looks for events. It holds every event or stands still: an audit trail with a
 * hole would be worse than one that is late.
 */
@Component
public class AuditProjection implements Projection<List<ProjectedEvent>> {
  static final String NAME = "audit";

  private static final int LONGEST_KEY = 200;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int version() {
    return 2;
  }

  @Override
  public List<String> tables() {
    return List.of("audit_event");
  }

  @Override
  public int segments() {
    return 4;
  }

  @Override
  public FailurePolicy onFailure() {
    return FailurePolicy.BLOCK;
  }

  @Override
  public List<ProjectedEvent> newBatch() {
    return new ArrayList<>();
  }

  @Override
  public void apply(List<ProjectedEvent> batch, ProjectedEvent event) {
    batch.add(event);
  }

  @Override
  public Mono<Void> write(Connection connection, Tables tables, List<ProjectedEvent> batch) {
    if (batch.isEmpty()) {
      return Mono.empty();
    }
    var statement =
        connection
            .createStatement(
                """
                INSERT INTO %s (position, tenant, agent_id, type, actor, correlation_id, time,
                  event_id, command_id, causation_id)
                SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],
                  $6::text[], $7::timestamptz[], $8::uuid[], $9::uuid[], $10::text[])
                ON CONFLICT (position) DO NOTHING
                """
                    .formatted(tables.of("audit_event")))
            .bind(0, column(batch, Long[]::new, ProjectedEvent::position))
            .bind(1, column(batch, String[]::new, event -> event.agent().tenant().value()))
            .bind(2, column(batch, String[]::new, event -> event.agent().id().value()))
            .bind(3, column(batch, String[]::new, ProjectedEvent::type))
            .bind(4, column(batch, String[]::new, AuditProjection::actor))
            .bind(5, column(batch, String[]::new, event -> key(event.correlationId())))
            .bind(6, column(batch, Instant[]::new, ProjectedEvent::time))
            .bind(7, column(batch, UUID[]::new, ProjectedEvent::eventId))
            .bind(8, column(batch, UUID[]::new, ProjectedEvent::commandId))
            .bind(9, column(batch, String[]::new, event -> key(event.causationId())));
    return Flux.from(statement.execute()).flatMap(result -> result.getRowsUpdated()).then();
  }

  /**
   * Under which an actor may stand here.
   *
   * @param keyId of the key that the actor's name is sealed under now
   */
  static List<String> names(String actor, Optional<String> keyId) {
    return Stream.concat(Stream.ofNullable(key(actor)), keyId.map(SubjectKey::pseudonym).stream())
        .distinct()
        .toList();
  }

  /** The same before an erasure and after it. */
  private static @Nullable String actor(ProjectedEvent event) {
    return key(SealedText.pseudonym(event.actor().subject()));
  }

  private static <T> T[] column(
      List<ProjectedEvent> events,
      IntFunction<T[]> array,
      Function<ProjectedEvent, ? extends @Nullable T> value) {
    return events.stream().map(value).toArray(array);
  }

  /**
   * What stands in the index for a text from outside: the text itself, or its digest where an index
   * could not hold it. The projection must not stand still for a strange subject.
   */
  static @Nullable String key(@Nullable String text) {
    if (text == null || (text.length() <= LONGEST_KEY && text.indexOf('\0') < 0)) {
      return text;
    }
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return "sha256:" + HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
