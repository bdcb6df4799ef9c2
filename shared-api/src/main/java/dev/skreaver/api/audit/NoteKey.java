package dev.skreaver.api.audit;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;

/**
 * An Ed25519 public key under a name, as in C2SP signed-note. Its text, {@code
 * name+hash+base64(0x01 || key)}, is what other verifiers of such notes read too.
 */
public final class NoteKey {
  static final byte ED25519 = 0x01;
  static final int HASH = 4;

  private static final int RAW = 32;
  private static final byte[] SPKI = HexFormat.of().parseHex("302a300506032b6570032100");

  private final String name;
  private final byte[] raw;
  private final PublicKey key;

  private NoteKey(String name, byte[] raw) throws GeneralSecurityException {
    this.name = name;
    this.raw = raw;
    var encoded = Arrays.copyOf(SPKI, SPKI.length + RAW);
    System.arraycopy(raw, 0, encoded, SPKI.length, RAW);
    this.key = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
  }

  static NoteKey of(String name, PublicKey key) {
    byte[] encoded = key.getEncoded();
    try {
      return new NoteKey(name, Arrays.copyOfRange(encoded, encoded.length - RAW, encoded.length));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("not an Ed25519 key", e);
    }
  }

  /**
   * @throws IllegalArgumentException if this is not the text of a key
   */
  public static NoteKey parse(String text) {
    String[] parts = text.strip().split("\\+", 3);
    if (parts.length == 3 && !parts[0].isEmpty()) {
      try {
        byte[] typed = Base64.getDecoder().decode(parts[2]);
        if (typed.length == 1 + RAW && typed[0] == ED25519) {
          var key = new NoteKey(parts[0], Arrays.copyOfRange(typed, 1, typed.length));
          if (HexFormat.of().formatHex(key.hash()).equals(parts[1])) {
            return key;
          }
        }
      } catch (IllegalArgumentException | GeneralSecurityException malformed) {
        throw new IllegalArgumentException("not the text of a key: " + text, malformed);
      }
    }
    throw new IllegalArgumentException("not the text of a key: " + text);
  }

  /** The origin of the checkpoints that this key signs. */
  public String name() {
    return name;
  }

  /** The first bytes of a hash over name and key, by which a signature names its key. */
  byte[] hash() {
    MessageDigest sha256 = LeafHash.sha256();
    sha256.update((name + "\n").getBytes(StandardCharsets.UTF_8));
    sha256.update(ED25519);
    return Arrays.copyOf(sha256.digest(raw), HASH);
  }

  private boolean signed(String text, byte[] signature) {
    try {
      var ed25519 = Signature.getInstance("Ed25519");
      ed25519.initVerify(key);
      ed25519.update(text.getBytes(StandardCharsets.UTF_8));
      return ed25519.verify(signature);
    } catch (GeneralSecurityException malformed) {
      return false;
    }
  }

  /**
   * Reads a checkpoint that one of these keys has signed.
   *
   * @throws InvalidNote if none has, or if it is not the note of a checkpoint
   */
  static SignedRoot read(String note, Collection<NoteKey> keys) throws InvalidNote {
    int end = note.indexOf("\n\n");
    if (end < 0) {
      throw new InvalidNote("it is not a signed note");
    }
    String text = note.substring(0, end + 1);
    for (String line : note.substring(end + 2).split("\n", -1)) {
      for (NoteKey key : keys) {
        if (key.hasSigned(text, line)) {
          return SignedRoot.parse(key.name, text);
        }
      }
    }
    throw new InvalidNote("no key that is trusted here has signed it");
  }

  private boolean hasSigned(String text, String line) {
    String begin = "— " + name + " ";
    if (!line.startsWith(begin)) {
      return false;
    }
    try {
      byte[] signature = Base64.getDecoder().decode(line.substring(begin.length()));
      return signature.length > HASH
          && Arrays.equals(hash(), Arrays.copyOf(signature, HASH))
          && signed(text, Arrays.copyOfRange(signature, HASH, signature.length));
    } catch (IllegalArgumentException notBase64) {
      return false;
    }
  }

  /** What a note says that nobody could have changed. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record SignedRoot(long size, byte[] root) {
    static SignedRoot parse(String origin, String text) throws InvalidNote {
      String[] lines = text.split("\n", -1);
      try {
        if (lines.length >= 3 && lines[0].equals(origin)) {
          return new SignedRoot(Long.parseLong(lines[1]), Base64.getDecoder().decode(lines[2]));
        }
      } catch (IllegalArgumentException malformed) {
        throw new InvalidNote("it is not a checkpoint's");
      }
      throw new InvalidNote("it is not a checkpoint's");
    }
  }

  static final class InvalidNote extends Exception {
    InvalidNote(String message) {
      super(message, null, false, false);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NoteKey key && key.toString().equals(toString());
  }

  @Override
  public int hashCode() {
    return toString().hashCode();
  }

  @Override
  public String toString() {
    var typed = new byte[1 + RAW];
    typed[0] = ED25519;
    System.arraycopy(raw, 0, typed, 1, RAW);
    return "%s+%s+%s"
        .formatted(
            name, HexFormat.of().formatHex(hash()), Base64.getEncoder().encodeToString(typed));
  }
}
