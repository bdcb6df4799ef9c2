package dev.skreaver.api.personal;

import java.security.SecureRandom;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The key of one subject of one tenant: AES, 256 bits.
 *
 * @param id 16 hexadecimal digits, drawn by chance
 * @param bytes null once it is destroyed
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record SubjectKey(String id, byte @Nullable [] bytes) {
  /** Of {@link #bytes}. */
  public static final int LENGTH = 32;

  static final int ID_DIGITS = 16;
  private static final String ERASED = "erased:";

  /** A new key for a subject that has none. */
  public static SubjectKey random(SecureRandom chance) {
    var id = new byte[ID_DIGITS / 2];
    var bytes = new byte[LENGTH];
    chance.nextBytes(id);
    chance.nextBytes(bytes);
    return new SubjectKey(HexFormat.of().formatHex(id), bytes);
  }

  public boolean isDestroyed() {
    return bytes == null;
  }

  /** What is shown for the subject's name once the key is destroyed. */
  public String pseudonym() {
    return pseudonym(id);
  }

  public static String pseudonym(String id) {
    return ERASED + id;
  }

  static boolean isId(String text) {
    return text.length() == ID_DIGITS
        && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }

  /** Of the key that a pseudonym stands for; null if it is another text. */
  public static @Nullable String idOf(String pseudonym) {
    String id = pseudonym.startsWith(ERASED) ? pseudonym.substring(ERASED.length()) : "";
    return isId(id) ? id : null;
  }

  @Override
  public String toString() {
    return "key " + id;
  }
}
