package dev.skreaver.api.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skreaver.api.audit.NoteKey.InvalidNote;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class NoteKeyTest {
  /** The example that other implementations of signed notes carry. */
  private static final String KEY =
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

  private static final String NOTE =
      """
      If you think cryptography is the answer to your problem,
      then you don't know what your problem is.

      — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
      """;

  private final NoteSigner signer = NoteSigner.of("skreaver", NoteSigner.newKey());

  @Test
  void a_key_is_read_and_written_as_others_do() {
    assertThat(NoteKey.parse(KEY)).hasToString(KEY);
  }

  @Test
  void a_signature_of_others_is_recognized() {
    List<NoteKey> trusted = List.of(NoteKey.parse(KEY));
    assertThatThrownBy(() -> NoteKey.read(NOTE, trusted))
        .as("it is signed, but no checkpoint")
        .isInstanceOf(InvalidNote.class)
        .hasMessageContaining("not a checkpoint");
    assertThatThrownBy(() -> NoteKey.read(NOTE.replace("don't", "do"), trusted))
        .isInstanceOf(InvalidNote.class)
        .hasMessageContaining("no key");
  }

  @Test
  void a_checkpoint_says_what_was_signed() throws InvalidNote {
    String note = signer.sign(treeOfOne());

    assertThat(note).startsWith("skreaver\n1\n").contains("\n\n— skreaver ");
    var root = NoteKey.read(note, List.of(signer.key()));
    assertThat(root.size()).isEqualTo(1);
    assertThat(root.root()).isEqualTo(treeOfOne().root());
  }

  @Test
  void a_checkpoint_of_another_key_or_name_is_not_believed() {
    String note = signer.sign(treeOfOne());
    var other = NoteSigner.of("skreaver", NoteSigner.newKey()).key();
    assertThatThrownBy(() -> NoteKey.read(note, List.of(other))).isInstanceOf(InvalidNote.class);
    assertThatThrownBy(() -> NoteKey.read(note.replace("\n1\n", "\n2\n"), List.of(signer.key())))
        .isInstanceOf(InvalidNote.class);
  }

  @Test
  void what_is_no_key_is_refused() {
    for (String text :
        List.of("", "name", "name+00000000+AQ==", KEY.replace("c74f", "c74e"), KEY + "A")) {
      assertThatThrownBy(() -> NoteKey.parse(text))
          .as(text)
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> NoteSigner.of("skreaver", "no pem"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static MerkleTree treeOfOne() {
    var tree = new MerkleTree();
    tree.append(LogEntry.of(1, Instant.EPOCH, new byte[32]));
    return tree;
  }
}
