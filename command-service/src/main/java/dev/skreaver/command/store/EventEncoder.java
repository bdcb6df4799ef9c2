package dev.skreaver.command.store;

import dev.skreaver.api.audit.LeafHash;
import dev.skreaver.api.event.EventCatalog;
import dev.skreaver.api.event.EventFormat;
import dev.skreaver.api.json.WireJson;
import dev.skreaver.api.personal.SealedText;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.axonframework.eventhandling.DomainEventMessage;
import org.axonframework.eventhandling.EventMessage;
import org.axonframework.modelling.command.AggregateStreamCreationException;
import org.axonframework.modelling.command.ConcurrencyException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.ObjectWriter;

/** Makes rows of events: bytes, numbers, and the next links of each stream's hash chain. */
final class EventEncoder {
  private static final int SALT_BYTES = 16;
  private static final ObjectWriter OF_COMMAND =
      WireJson.mapper().writerFor(new TypeReference<Map<String, String>>() {});

  private final CatalogNumbers numbers;
  private final StreamHeads heads;
  private final SecureRandom salts = new SecureRandom();

  EventEncoder(CatalogNumbers numbers, StreamHeads heads) {
    this.numbers = numbers;
    this.heads = heads;
  }

  /**
   * @param ofCommand what the events carry of the command that caused them; null if each has
   *     metadata of its own
   * @throws ConcurrencyException if the stream has no event before the first of these
   * @throws AggregateStreamCreationException if the stream that begins here is known already
   */
  List<EncodedEvent> encode(
      List<? extends EventMessage<?>> events, @Nullable Map<String, String> ofCommand) {
    byte[] shared = ofCommand == null ? null : OF_COMMAND.writeValueAsBytes(ofCommand);
    var encoded = new ArrayList<EncodedEvent>(events.size());
    Map<String, StreamHead> written = HashMap.newHashMap(1);
    try {
      for (EventMessage<?> event : events) {
        if (!(event instanceof DomainEventMessage<?> domainEvent)) {
          throw new IllegalArgumentException("only aggregates publish events here, not " + event);
        }
        String aggregate = domainEvent.getAggregateIdentifier();
        EncodedEvent next =
            encode(
                domainEvent,
                previous(aggregate, domainEvent, written.get(aggregate)),
                shared == null ? WireJson.mapper().writeValueAsBytes(event.getMetaData()) : shared,
                subjectKey(ofCommand == null ? event.getMetaData() : ofCommand));
        written.put(
            aggregate,
            new StreamHead(
                next.streamId() == null ? 0 : next.streamId(), next.version(), next.leaf(), 0));
        encoded.add(next);
      }
    } catch (SQLException e) {
      throw StoreFailure.unavailable(e);
    }
    return encoded;
  }

  private @Nullable StreamHead previous(
      String aggregate, DomainEventMessage<?> event, @Nullable StreamHead writtenHere)
      throws SQLException {
    if (writtenHere != null) {
      return writtenHere;
    }
    long version = event.getSequenceNumber();
    if (version > 0) {
      return heads
          .at(aggregate, version - 1)
          .orElseThrow(
              () -> new ConcurrencyException(aggregate + " has no version " + (version - 1)));
    }
    if (heads.known(aggregate) != null) {
      throw new AggregateStreamCreationException(aggregate + " exists already");
    }
    return null;
  }

  private EncodedEvent encode(
      DomainEventMessage<?> event,
      @Nullable StreamHead previous,
      byte[] metadata,
      @Nullable String subjectKey)
      throws SQLException {
    EventCatalog type = EventCatalog.of(event.getPayloadType());
    StreamKey key = StreamKey.parse(event.getAggregateIdentifier());
    UUID eventId = UUID.fromString(event.getIdentifier());
    byte[] payload = event.serializePayload(EventFormat.instance(), byte[].class).getData();
    var salt = new byte[SALT_BYTES];
    salts.nextBytes(salt);
    byte[] payloadHash = LeafHash.ofPayload(salt, payload);
    byte[] previousLeaf = previous == null ? LeafHash.none() : previous.leaf();
    return new EncodedEvent(
        event.getAggregateIdentifier(),
        previous == null || previous.streamId() == 0 ? null : (Long) previous.streamId(),
        numbers.tenant(key.tenant()),
        event.getSequenceNumber(),
        eventId,
        numbers.type(type),
        ChronoUnit.MICROS.between(Instant.EPOCH, event.getTimestamp()),
        metadata,
        payloadHash,
        previousLeaf,
        LeafHash.of(
            key.tenant(),
            key.key(),
            event.getSequenceNumber(),
            eventId,
            type.wireName(),
            type.revision(),
            metadata,
            payloadHash,
            previousLeaf),
        salt,
        payload,
        previous == null ? 0 : previous.position(),
        subjectKey);
  }

  private static @Nullable String subjectKey(Map<String, ?> metadata) {
    return metadata.get("subject") instanceof String subject ? SealedText.keyId(subject) : null;
  }
}
