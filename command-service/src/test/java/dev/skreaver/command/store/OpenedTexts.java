package dev.skreaver.command.store;

import dev.skreaver.api.personal.KeyRing;
import dev.skreaver.api.personal.SealedText;
import dev.skreaver.api.personal.SubjectKey;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is sealed in the event store, for whoever has the keys. */
public final class OpenedTexts {
  private static final Pattern SEALED = Pattern.compile("enc:v1:[st]:[0-9a-f]{16}:[A-Za-z0-9_-]+");

  private OpenedTexts() {}

  /** The text with all that is sealed in it opened. */
  public static String in(Connection connection, String text) throws SQLException {
    var keys = new HashMap<String, SubjectKey>();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT key_id, key FROM event_store.subject_key")) {
      while (row.next()) {
        keys.put(row.getString(1), new SubjectKey(row.getString(1), row.getBytes(2)));
      }
    }
    var ring = new KeyRing(keys);
    return SEALED
        .matcher(text)
        .replaceAll(found -> Matcher.quoteReplacement(opened(ring, found.group())));
  }

  private static String opened(KeyRing ring, String text) {
    if (SealedText.parse(text) == null) {
      throw new IllegalArgumentException("not sealed: " + text);
    }
    return ring.open(text);
  }
}
