package dev.skreaver.api.audit;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event with every byte that is stored of it. As JSON, with binary members in base64, it is a
 * line of an export and of an archived partition.
 *
 * @param time in microseconds, as the store keeps it
 * @param leaf what {@link LeafHash} made of the other members, but for position and time
 * @param salt null once the payload was erased
 * @param payload null once it was erased
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record StoredEvent(
    long position,
    String tenant,
    String agentId,
    long version,
    UUID eventId,
    String type,
    int revision,
    Instant time,
    byte[] metadata,
    byte[] payloadHash,
    byte[] previousLeaf,
    byte[] leaf,
    byte @Nullable [] salt,
    byte @Nullable [] payload) {

  public StoredEvent {
    requireNonNull(tenant, "tenant");
    requireNonNull(agentId, "agent_id");
    requireNonNull(eventId, "event_id");
    requireNonNull(type, "type");
    requireNonNull(time, "time");
    requireNonNull(metadata, "metadata");
    requireNonNull(payloadHash, "payload_hash");
    requireNonNull(previousLeaf, "previous_leaf");
    requireNonNull(leaf, "leaf");
  }

  boolean erased() {
    return payload == null;
  }

  boolean hasItsLeaf() {
    return payloadHash.length == LeafHash.LENGTH
        && previousLeaf.length == LeafHash.LENGTH
        && Arrays.equals(
            leaf,
            LeafHash.of(
                tenant,
                agentId,
                version,
                eventId,
                type,
                revision,
                metadata,
                payloadHash,
                previousLeaf));
  }

  boolean hasItsPayload() {
    return payload == null
        || (salt != null && Arrays.equals(payloadHash, LeafHash.ofPayload(salt, payload)));
  }

  /** The agent's key in the store: {@code tenant/agent}. */
  public String agent() {
    return tenant + "/" + agentId;
  }

  long micros() {
    return LogEntry.micros(time);
  }
}
