package dev.skreaver.api.audit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * The hash chain of one agent's events. Whoever holds the stored bytes can compute it again; the
 * payload takes part only by its salted hash, so that it can be erased.
 *
 * <p>{@code leaf = SHA-256(0x00 || lp(tenant) || lp(agent) || u64(version) || lp(event id) ||
 * lp(type) || lp(revision) || lp(metadata) || SHA-256(salt || payload) || previous leaf)}, where
 * {@code lp} puts the length as u32 before the bytes, numbers are big-endian, texts are UTF-8, the
 * event id is its 16 bytes and the revision its decimal digits. The leaf before the first is {@link
 * #NONE}.
 */
public final class LeafHash {
  static final int LENGTH = 32;
  private static final byte LEAF = 0x00;
  private static final byte[] NONE = new byte[LENGTH];

  private LeafHash() {}

  /** What stands before an agent's first leaf: 32 zero bytes. */
  public static byte[] none() {
    return NONE.clone();
  }

  /** What an event holds of its payload: SHA-256 over the salt and the payload. */
  public static byte[] ofPayload(byte[] salt, byte[] payload) {
    MessageDigest sha256 = sha256();
    sha256.update(salt);
    return sha256.digest(payload);
  }

  public static byte[] of(
      String tenant,
      String agent,
      long version,
      UUID eventId,
      String type,
      int revision,
      byte[] metadata,
      byte[] payloadHash,
      byte[] previous) {
    byte[] tenantBytes = tenant.getBytes(StandardCharsets.UTF_8);
    byte[] agentBytes = agent.getBytes(StandardCharsets.UTF_8);
    byte[] typeBytes = type.getBytes(StandardCharsets.UTF_8);
    byte[] revisionBytes = Integer.toString(revision).getBytes(StandardCharsets.US_ASCII);
    int texts = tenantBytes.length + agentBytes.length + typeBytes.length + revisionBytes.length;
    ByteBuffer content =
        ByteBuffer.allocate(
            1 + 6 * Integer.BYTES + texts + 3 * Long.BYTES + metadata.length + 2 * LENGTH);
    content.put(LEAF);
    put(content, tenantBytes);
    put(content, agentBytes);
    content.putLong(version);
    content
        .putInt(2 * Long.BYTES)
        .putLong(eventId.getMostSignificantBits())
        .putLong(eventId.getLeastSignificantBits());
    put(content, typeBytes);
    put(content, revisionBytes);
    put(content, metadata);
    content.put(payloadHash).put(previous);
    return sha256().digest(content.array());
  }

  private static void put(ByteBuffer content, byte[] bytes) {
    content.putInt(bytes.length).put(bytes);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
