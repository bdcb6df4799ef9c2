package dev.skreaver.api.audit;

import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;

/**
 * An append-only Merkle tree as in RFC 6962 §2.1, of which only the roots of its whole subtrees are
 * kept: enough to append to it and to know its root, whatever its size.
 */
public final class MerkleTree {
  private static final byte LEAF = 0x00;
  private static final byte NODE = 0x01;
  private static final int HASH = 32;

  private long size;

  /** From right to left: the smallest subtree first. */
  private final Deque<byte[]> subtrees = new ArrayDeque<>();

  /** An empty tree. */
  public MerkleTree() {}

  /**
   * The tree that had this size and this {@link #frontier}.
   *
   * @throws IllegalArgumentException if a tree of this size has another number of subtrees
   */
  public MerkleTree(long size, byte[] frontier) {
    if (size < 0 || frontier.length != Long.bitCount(size) * HASH) {
      throw new IllegalArgumentException(
          "%d bytes are not the frontier of a tree of %d".formatted(frontier.length, size));
    }
    this.size = size;
    for (int i = 0; i < frontier.length; i += HASH) {
      subtrees.push(Arrays.copyOfRange(frontier, i, i + HASH));
    }
  }

  public void append(LogEntry entry) {
    append(entry.bytes());
  }

  void append(byte[] data) {
    byte[] hash = hash(LEAF, data);
    for (long full = size; (full & 1) == 1; full >>= 1) {
      hash = hash(NODE, subtrees.pop(), hash);
    }
    subtrees.push(hash);
    size++;
  }

  public long size() {
    return size;
  }

  /** The root of the whole tree; of an empty one the hash of nothing. */
  public byte[] root() {
    if (subtrees.isEmpty()) {
      return LeafHash.sha256().digest();
    }
    Iterator<byte[]> fromRight = subtrees.iterator();
    byte[] root = fromRight.next();
    while (fromRight.hasNext()) {
      root = hash(NODE, fromRight.next(), root);
    }
    return root;
  }

  /** The roots of the whole subtrees, the largest first, one after another. */
  public byte[] frontier() {
    var bytes = new ByteArrayOutputStream(subtrees.size() * HASH);
    subtrees.descendingIterator().forEachRemaining(bytes::writeBytes);
    return bytes.toByteArray();
  }

  private static byte[] hash(byte kind, byte[]... parts) {
    MessageDigest sha256 = LeafHash.sha256();
    sha256.update(kind);
    for (byte[] part : parts) {
      sha256.update(part);
    }
    return sha256.digest();
  }
}
