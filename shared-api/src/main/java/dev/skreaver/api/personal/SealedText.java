package dev.skreaver.api.personal;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * A text that only its subject's key opens: {@code enc:v1:<kind>:<key id>:<content>}. The kind is
 * {@code s} for the subject's own name and {@code t} for any other text; the content is base64url
 * of a 12-byte nonce and what AES-256-GCM made of the text's UTF-8.
 */
public record SealedText(Kind kind, String keyId, String content) {
  /** What stands for a text that nobody can open any more. */
  public static final String ERASED = "[erased]";

  private static final String PREFIX = "enc:v1:";
  private static final int KIND_AND_COLONS = 3;

  /** In base64: nonce and tag. */
  private static final int SHORTEST_CONTENT = 38;

  private static final String CIPHER = "AES/GCM/NoPadding";
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  /** Found once: to look through all providers takes longer than to seal a reason. */
  private static final Provider PROVIDER = provider();

  private static final SecureRandom CHANCE = new SecureRandom();

  /** Which of the two it was: they are told apart when they cannot be opened. */
  public enum Kind {
    SUBJECT('s'),
    TEXT('t');

    private final char mark;

    Kind(char mark) {
      this.mark = mark;
    }

    private static @Nullable Kind of(char mark) {
      return switch (mark) {
        case 's' -> SUBJECT;
        case 't' -> TEXT;
        default -> null;
      };
    }
  }

  /** The name of the key's own subject, sealed. */
  public static String ofSubject(SubjectKey key, String subject) {
    return seal(Kind.SUBJECT, key, subject);
  }

  /** Another text of the key's subject, sealed. */
  public static String of(SubjectKey key, String text) {
    return seal(Kind.TEXT, key, text);
  }

  /** Null if the text is not sealed. */
  public static @Nullable SealedText parse(String text) {
    int content = PREFIX.length() + KIND_AND_COLONS + SubjectKey.ID_DIGITS;
    if (text.length() < content + SHORTEST_CONTENT || !text.startsWith(PREFIX)) {
      return null;
    }
    Kind kind = Kind.of(text.charAt(PREFIX.length()));
    String keyId = text.substring(content - 1 - SubjectKey.ID_DIGITS, content - 1);
    boolean formed =
        text.charAt(PREFIX.length() + 1) == ':'
            && text.charAt(content - 1) == ':'
            && SubjectKey.isId(keyId);
    return kind != null && formed ? new SealedText(kind, keyId, text.substring(content)) : null;
  }

  /** Of the key that a text is sealed under; null if it is not sealed. */
  public static @Nullable String keyId(String text) {
    SealedText sealed = parse(text);
    return sealed == null ? null : sealed.keyId;
  }

  /** What may be kept of a name for good: a sealed one's pseudonym, a plain one as it is. */
  public static String pseudonym(String subject) {
    SealedText sealed = parse(subject);
    return sealed == null ? subject : SubjectKey.pseudonym(sealed.keyId);
  }

  /**
   * The text, or what stands for it if the key is destroyed; null if it was not sealed by this key.
   */
  @Nullable String open(SubjectKey key) {
    byte[] bytes = key.bytes();
    if (bytes == null) {
      return kind == Kind.SUBJECT ? key.pseudonym() : ERASED;
    }
    try {
      byte[] sealed = Base64.getUrlDecoder().decode(content);
      Cipher cipher = cipher(Cipher.DECRYPT_MODE, bytes, sealed);
      return new String(
          cipher.doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES), StandardCharsets.UTF_8);
    } catch (AEADBadTagException | IllegalArgumentException notOurs) {
      return null;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM cannot be used", e);
    }
  }

  private static String seal(Kind kind, SubjectKey key, String text) {
    byte[] bytes = key.bytes();
    if (bytes == null) {
      throw new IllegalStateException(key + " is destroyed");
    }
    try {
      byte[] plain = text.getBytes(StandardCharsets.UTF_8);
      var sealed = new byte[NONCE_BYTES + plain.length + TAG_BITS / Byte.SIZE];
      var nonce = new byte[NONCE_BYTES];
      CHANCE.nextBytes(nonce);
      System.arraycopy(nonce, 0, sealed, 0, NONCE_BYTES);
      cipher(Cipher.ENCRYPT_MODE, bytes, nonce)
          .doFinal(plain, 0, plain.length, sealed, NONCE_BYTES);
      return PREFIX
          + kind.mark
          + ':'
          + key.id()
          + ':'
          + Base64.getUrlEncoder().withoutPadding().encodeToString(sealed);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM cannot be used", e);
    }
  }

  private static Provider provider() {
    try {
      return Cipher.getInstance(CIPHER).getProvider();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM cannot be used", e);
    }
  }

  /**
   * @param nonce its first bytes
   */
  private static Cipher cipher(int mode, byte[] key, byte[] nonce) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance(CIPHER, PROVIDER);
    cipher.init(
        mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, nonce, 0, NONCE_BYTES));
    return cipher;
  }
}
