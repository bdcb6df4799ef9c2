package dev.skreaver.api.audit;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/** Signs checkpoints with an Ed25519 key (C2SP signed-note). */
public final class NoteSigner {
  private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String END = "-----END PRIVATE KEY-----";

  private final PrivateKey key;
  private final NoteKey verifier;

  private NoteSigner(PrivateKey key, NoteKey verifier) {
    this.key = key;
    this.verifier = verifier;
  }

  /**
   * @param origin names the log: the checkpoints' first line and the key's name
   * @param pem an Ed25519 key in PKCS#8, as {@code openssl genpkey -algorithm ed25519} writes it
   * @throws IllegalArgumentException if it is not one
   */
  public static NoteSigner of(String origin, String pem) {
    int begin = pem.indexOf(BEGIN);
    int end = pem.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IllegalArgumentException("there is no private key in PEM");
    }
    try {
      byte[] der = Base64.getMimeDecoder().decode(pem.substring(begin + BEGIN.length(), end));
      PrivateKey key =
          KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(der));
      return new NoteSigner(key, NoteKey.of(origin, publicKeyOf((EdECPrivateKey) key)));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("it is not an Ed25519 key in PKCS#8", e);
    }
  }

  /** A new key, in PEM. */
  public static String newKey() {
    try {
      byte[] der =
          KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPrivate().getEncoded();
      return "%s\n%s\n%s\n".formatted(BEGIN, Base64.getMimeEncoder().encodeToString(der), END);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform of this release has Ed25519", e);
    }
  }

  /** The file holds the private half alone: the pair is made again from its seed. */
  private static PublicKey publicKeyOf(EdECPrivateKey key) throws GeneralSecurityException {
    byte[] seed =
        key.getBytes().orElseThrow(() -> new GeneralSecurityException("the key has no bytes"));
    var generator = KeyPairGenerator.getInstance("Ed25519");
    generator.initialize(
        NamedParameterSpec.ED25519,
        new SecureRandom() {
          @Override
          public void nextBytes(byte[] bytes) {
            System.arraycopy(seed, 0, bytes, 0, bytes.length);
          }
        });
    return generator.generateKeyPair().getPublic();
  }

  public NoteKey key() {
    return verifier;
  }

  /** The signed note of a tree. */
  public String sign(MerkleTree tree) {
    String text =
        "%s\n%d\n%s\n"
            .formatted(
                verifier.name(), tree.size(), Base64.getEncoder().encodeToString(tree.root()));
    return "%s\n— %s %s\n".formatted(text, verifier.name(), signature(text));
  }

  private String signature(String text) {
    try {
      var ed25519 = Signature.getInstance("Ed25519");
      ed25519.initSign(key);
      ed25519.update(text.getBytes(StandardCharsets.UTF_8));
      byte[] signature = ed25519.sign();
      byte[] hash = verifier.hash();
      var both = new byte[hash.length + signature.length];
      System.arraycopy(hash, 0, both, 0, hash.length);
      System.arraycopy(signature, 0, both, hash.length, signature.length);
      return Base64.getEncoder().encodeToString(both);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the checkpoint cannot be signed", e);
    }
  }
}
